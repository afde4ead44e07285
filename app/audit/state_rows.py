"""How the rows of the state changelog lie there, told again, and which row the recount expects where.

This is the one place of the audit that knows their layout. Key: the family's tag, the group, a space, the member.
Value: a MessagePack array; empty or none is a tombstone. Two keys are no rows: the commit row, which says what the rows
before it stand for, and the fence row of a new owner.

    b  totals      unit|window|start_ms         stream                        Total
    g  gifters     stream|unit                  sender                        GifterCell per window, of version 2 or 1
    f  gifts       stream|unit                  gift                          GiftCell per window, of version 2 or 1
    s  streams     stream|unit                  region                        StreamCell per window, of version 2 or 1
    c  scopes      scope|unit|window|start_ms   -                             Scope
    i  seen        number of a block            -                             stream, id, time; again for each
    k  streaks     stream                       sender|recipient|gift|streak  Register
    e  engagement  stream                       -                             Engagement, of version 2 or 1
    t  tallies     stream                       slot; version 1: bucket       Tally, of version 2 or 1
    p  progress    p                            -                             Account
    o  outbox      transient: not compared
"""

from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple, TypeVar

from msgspec import DecodeError, Struct, ValidationError, convert, field
from msgspec.msgpack import decode
from msgspec.structs import astuple

FORMAT: Final = 2
"""The newest format that can be read here."""

HEAD: Final = 0xC1
"""The first byte of a row whose form is of a later version than 1; the version follows."""

COMMIT_KEY: Final = b"\x00commit"
FENCE_KEY: Final = b"\x00fence"
REPLACED_KEY: Final = b"\x00replaced"
"""Among the partials, too: another app id has taken over, the value."""

Family = Literal[
    "totals",
    "gifters",
    "gifts",
    "streams",
    "scopes",
    "seen",
    "streaks",
    "engagement",
    "tallies",
    "progress",
    "outbox",
    "commit",
]
TAGS: Final[dict[str, Family]] = {
    "b": "totals",
    "g": "gifters",
    "f": "gifts",
    "s": "streams",
    "c": "scopes",
    "i": "seen",
    "k": "streaks",
    "e": "engagement",
    "t": "tallies",
    "p": "progress",
    "o": "outbox",
}
NEWEST: Final = {"g": 2, "f": 2, "s": 2, "e": 2, "t": 2}
"""The newest version of a row that can be read here, by tag; of all others it is 1."""

PROGRESS_GROUP: Final = "p"
BLOCK: Final = 64
"""Offsets whose seen ids share a row."""

KINDS: Final = ("1m", "1h", "1d", "stream")
EMPTY: Final = -1
"""The window id of a cell that holds nothing."""

BUCKET_MS: Final = 5_000
RECENT_BUCKETS: Final = 12
FORGET_BUCKETS: Final = 1_440
"""After so many buckets without a gift a stream's engagement begins anew."""

MOST_GIFTERS: Final = 512
"""So many gifters are told apart in one bucket."""

R = TypeVar("R", bound=Struct)


class Key(NamedTuple):
    """The key of a row, taken apart."""

    family: Family
    group: str
    member: str


class Commit(Struct, array_like=True, frozen=True):
    """What the rows stand for: the state before the record at `position`; all below `mark` has been published."""

    format: int
    position: int
    last_offset: int
    last_hash: bytes
    mark: int
    partitions: int
    settings: str


class Total(Struct, array_like=True, forbid_unknown_fields=True):
    """One stream in one unit and window. Of an archived board no cells are left."""

    channel_id: str
    channel_name: str | None
    value: int
    sends: int
    reached_ms: int
    last_ms: int
    offset: int
    final_at: int
    archived: bool
    opened_ms: int


class Scope(Struct, array_like=True, forbid_unknown_fields=True):
    """All streams of one scope, unit and window."""

    value: int
    sends: int
    offset: int
    archived: bool


class GifterCell(Struct, array_like=True, forbid_unknown_fields=True):
    """A gifter in one window."""

    window_id: int
    name: str | None
    value: int
    sends: int
    reached_ms: int


class GiftCell(Struct, array_like=True, forbid_unknown_fields=True):
    """A gift of the catalogue in one window."""

    window_id: int
    name: str | None
    value: int
    sends: int


class StreamCell(Struct, array_like=True, forbid_unknown_fields=True):
    """A stream in one window of one region."""

    window_id: int
    channel_id: str
    channel_name: str | None
    value: int
    sends: int
    reached_ms: int


Cell = GifterCell | GiftCell | StreamCell


class Register(Struct, array_like=True, forbid_unknown_fields=True):
    """How far a streak has come."""

    quantity: int
    value: int
    at_ms: int


class Given(Struct, array_like=True, forbid_unknown_fields=True):
    """What was given within 5 s: gifts, value per unit, gifts per gifter; the anonymous are one, without a name."""

    sends: int = 0
    values: dict[str, int] = field(default_factory=dict)
    gifters: dict[str, int] = field(default_factory=dict)


class Tally(Given, array_like=True, forbid_unknown_fields=True):
    """What was given in which bucket. In version 1 the bucket was the row's key."""

    bucket: int = -1


class Detector(Struct, array_like=True, forbid_unknown_fields=True):
    """How the rows of the spike detector begin. From `fed` on it is statistics."""

    first: int
    newest: int
    at: int
    fed: int
    count: float
    windows: float
    held: int
    confirmations: int


class Engagement(Detector, array_like=True, forbid_unknown_fields=True):
    """The state of the spike detector; `spike` is statistics, too."""

    spike: Any


class FirstEngagement(Detector, array_like=True, forbid_unknown_fields=True):
    """A row of version 1, which holds its tallies itself, by bucket."""

    recent: dict[int, Given]
    spike: Any


class Account(Struct, array_like=True, forbid_unknown_fields=True):
    """How far the partition is, and what became of its records."""

    position: int
    watermark: int
    counted: int
    unchanged: int
    duplicates: int
    dead_lettered: int
    late: int
    spikes: int
    big_gifts: int
    gaps: list[Any]


class RowError(ValueError):
    """A key or value that is not as this page says."""


def row_key(family: Family, group: str, member: str = "") -> bytes:
    """Return the key of a row."""
    return f"{_TAG_OF[family]}{group} {member}".encode()


def read_key(key: bytes) -> Key:
    """Take a row's key apart. Raises RowError."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        raise RowError("key: expected UTF-8") from None
    family, (group, space, member) = TAGS.get(text[:1]), text[1:].partition(" ")
    if family is None or not space:
        raise RowError(f"key: expected one of {''.join(TAGS)}, a group, a space and a member")
    return Key(family, group, member)


def read_commit(value: bytes) -> Commit:
    """Read a commit row. Raises RowError, also for one of a newer version."""
    fields = _plain(value)
    if not isinstance(fields, list) or not fields or not isinstance(fields[0], int):
        raise RowError("value: expected a commit row")
    if fields[0] > FORMAT:
        raise RowError(f"format {fields[0]} is newer than {FORMAT}: run the audit of the version that wrote it")
    return _row(fields, Commit)


def check_version(key: bytes, value: bytes) -> None:
    """Raise RowError for a row of a version that cannot be read here."""
    if value[0] == HEAD:
        version, newest = value[1] if len(value) > 1 else 0, NEWEST.get(key[:1].decode(errors="replace"), 1)
        if not 1 < version <= newest:
            raise RowError(
                f"row {key!r} has version {version}, the newest known here is {newest}: run the audit of the version "
                "that wrote it"
            )


def read_row(value: bytes, row_type: type[R]) -> R:
    """Read the value of a row. Raises RowError."""
    return _row(_plain(value), row_type)


def read_engagement(value: bytes) -> Engagement | FirstEngagement:
    """Read a row of engagement. Raises RowError."""
    return read_row(value[2:], Engagement) if value[0] == HEAD else read_row(value, FirstEngagement)


def read_tally(value: bytes, member: str) -> Tally:
    """Read a tally; `member` is that of its key. Raises RowError."""
    if value[0] == HEAD:
        return read_row(value[2:], Tally)
    if not member.isdecimal():
        raise RowError("key: expected the number of a bucket")
    return Tally(*[*astuple(read_row(value, Given)), int(member)])


def read_cells(value: bytes, cell_type: type[R]) -> Iterator[R]:
    """Yield the cells of a row that hold anything. Raises RowError.

    From version 2 on a cell can be its window alone: all else is as in the one before it.
    """
    cells = _plain(value[2:] if value[0] == HEAD else value)
    if not isinstance(cells, list):
        raise RowError("value: expected an array of cells")
    before: list[Any] = []
    for cell in cells:
        before = [cell, *before[1:]] if before and isinstance(cell, int) else cell
        if not isinstance(before, list) or not before:
            raise RowError("value: expected an array of cells")
        if before[0] != EMPTY:
            yield _row(before, cell_type)


def read_ids(value: bytes) -> list[Any]:
    """Read a block of seen ids, flat: stream, event id, time, and again. Raises RowError."""
    ids = _plain(value)
    if not isinstance(ids, list):
        raise RowError("value: expected an array")
    return ids


def window_id(name: str, start_ms: int) -> int:
    """Return the number of a window; that of a broadcast starts with its first gift."""
    return start_ms * len(KINDS) + KINDS.index(name)


def window_of(number: int) -> tuple[str, int]:
    """Return the name and the start of a window."""
    start_ms, kind = divmod(number, len(KINDS))
    return KINDS[kind], start_ms


_TAG_OF: Final = {family: tag for tag, family in TAGS.items()}


def _plain(value: bytes) -> Any:
    try:
        return decode(value)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RowError(f"value: expected MessagePack, found {error}") from error


def _row(fields: Any, row_type: type[R]) -> R:
    try:
        return convert(fields, row_type)
    except ValidationError as error:
        raise RowError(f"value: {error}") from error
