"""The public key of a board, as someone types it."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from app.audit.calendar import BROADCAST, Calendar
from app.audit.options import BoardKind
from schemas.board import Window

GLOBAL: Final = "global"
REGION: Final = "region:"
FORM: Final = (
    "OWNER|UNIT|WINDOW|START_MS, such as tiktok:7301|coin|1h|1791054000000; OWNER is a stream, global or region:CODE, "
    "WINDOW is 1m, 1h, 1d or stream, START_MS is the window's start, 0 for stream"
)


class KeyProblem(ValueError):
    """A key that no board can have, or that none has; the message says what was found and what to do."""


class BoardKey(NamedTuple):
    """The board of a stream or a scope in one unit and window."""

    owner: str
    unit: str
    window: Window

    @property
    def is_scope(self) -> bool:
        """Whether it ranks streams."""
        return self.owner == GLOBAL or self.owner.startswith(REGION)

    @property
    def region(self) -> str | None:
        """The region's code, None for other boards."""
        return self.owner.removeprefix(REGION) if self.owner.startswith(REGION) else None

    def __str__(self) -> str:
        return f"{self.owner}|{self.unit}|{self.window.name}|{self.window.start_ms}"


def read_board_key(text: str, calendar: Calendar) -> BoardKey:
    """Read `owner|unit|window|start_ms`. Raises KeyProblem."""
    parts = text.split("|")
    if len(parts) != 4 or not all(parts) or not parts[3].isdecimal():
        raise KeyProblem(f"{text!r} is no key of a board. Expected {FORM}")
    owner, unit, name, start = parts
    if ":" not in owner and owner != GLOBAL:
        raise KeyProblem(f"{owner!r} is neither a stream, which begins with its platform and a colon, nor a scope")
    if name == BROADCAST.name:
        if ":" not in owner or owner.startswith(REGION):
            raise KeyProblem(f"{owner} has no board of the window stream, only of 1m, 1h and 1d")
        if int(start):
            raise KeyProblem(f"the window stream starts at 0, not at {start}: {owner}|{unit}|stream|0")
        return BoardKey(owner, unit, BROADCAST)
    return BoardKey(owner, unit, _window(name, int(start), calendar))


def moment(at_ms: int) -> str:
    """Return a time in ms as ISO 8601 in UTC, as far as there is such a date."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"


def _window(name: str, start_ms: int, calendar: Calendar) -> Window:
    try:
        found = next((window for window in calendar.windows(start_ms) if window.name == name), None)
    except (ValueError, OverflowError, OSError):
        raise KeyProblem(f"{start_ms} is no time in ms since 1970") from None
    if found is None:
        raise KeyProblem(f"{name!r} is no window. Expected 1m, 1h, 1d or stream")
    if found.start_ms != start_ms:
        raise KeyProblem(f"no {name} window starts at {start_ms}; the one around it starts at {found.start_ms}")
    return found


def kind_of(key: BoardKey, member: str | None) -> BoardKind:
    """Return the kind of board that tells the total of a key, or of one member of it."""
    if key.is_scope:
        return "streams"
    return "totals" if member is None else "gifters"
