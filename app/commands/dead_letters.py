"""`giftstream dead-letters list` and `replay`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Json, Reason, check_reason, open_lines
from app.commands.output import json_line, say
from app.errors import UsageError

if TYPE_CHECKING:
    from app.dead_letters import DeadLetter

Limit = Annotated[int, typer.Option(help="Only the newest so many.", min=1)]
File = Annotated[str | None, typer.Argument(help="Repaired values, one JSON line each; - is stdin.")]
Unchanged = Annotated[bool, typer.Option("--unchanged", help="Send the bytes as they are; needs --reason.")]


def list_letters(reason: Reason = None, limit: Limit = 50, as_json: Json = False) -> None:
    """Show the newest dead letters: why, from where, and the first bytes."""
    check_reason(reason)
    import asyncio

    from app.dead_letters import newest
    from app.settings_load import load_settings

    letters = asyncio.run(newest(load_settings(), reason, limit))
    if as_json:
        for letter in letters:
            json_line(letter.summary())
    else:
        _print(letters)


def replay(file: File = None, reason: Reason = None, unchanged: Unchanged = False) -> None:
    """Send repaired dead letters back to the source topic. Exit 1 if one was refused; the others are sent."""
    check_reason(reason)
    if unchanged == (file is not None) or (unchanged and reason is None) or (reason is not None and not unchanged):
        raise UsageError(
            "replay needs to know what to send",
            allowed="FILE (or -) of repaired values, or --unchanged with --reason",
        )
    import asyncio

    from app.dead_letters import replay_repaired, replay_unchanged
    from app.settings_load import load_settings

    settings = load_settings()
    if file is not None:
        with open_lines(file) as lines:
            done = asyncio.run(replay_repaired(settings, lines))
    else:
        done = asyncio.run(replay_unchanged(settings, str(reason)))
    for why in done.refused:
        say(f"not sent: {why}")
    json_line(
        {
            "topic": settings.source_topic,
            "sent": sum(done.sent.values()),
            "by_partition": done.sent,
            "refused": len(done.refused),
        }
    )
    raise typer.Exit(1 if done.refused else 0)


def _print(letters: "list[DeadLetter]") -> None:
    from rich.console import Console

    from app.view import letters_table

    Console().print(letters_table([letter.summary() for letter in letters]))
