"""Options that several commands share, and how their values are read."""

import re
from typing import Annotated, BinaryIO

import typer

from app.errors import UsageError

Json = Annotated[bool, typer.Option("--json", help="Print JSON lines instead of tables.")]
Reason = Annotated[str | None, typer.Option(help="Only those of this reason, such as wrong_partition.")]
Window = Annotated[str | None, typer.Option(help="1m, 1h, 1d or stream.")]
Unit = Annotated[str | None, typer.Option(help="coin, bit, jewel, kick, gold_seed or minor:<ISO 4217>.")]

WINDOWS = ("1m", "1h", "1d", "stream")


def check_window(window: str | None) -> None:
    """Raise UsageError for a window that there is none of."""
    if window is not None and window not in WINDOWS:
        raise UsageError(f"--window is {window!r}", allowed=", ".join(WINDOWS))


def check_reason(reason: str | None) -> None:
    """Raise UsageError for a reason that is not on the closed list."""
    from schemas.dead_letter import REASONS

    if reason is not None and reason not in REASONS:
        raise UsageError(f"--reason is {reason!r}", allowed=", ".join(REASONS))


def place(text: str, option: str) -> tuple[int, int]:
    """Read PARTITION:OFFSET. Raises UsageError."""
    match = re.fullmatch(r"(\d{1,9}):(\d{1,19})", text, re.ASCII)
    if match is None:
        raise UsageError(f"{option} is {text!r}", allowed="PARTITION:OFFSET, such as 3:104522")
    return int(match[1]), int(match[2])


def open_lines(path: str) -> BinaryIO:
    """Open a file of lines, or stdin for `-`. Raises UsageError."""
    try:
        return open(0, "rb", closefd=False) if path == "-" else open(path, "rb")
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}") from None
