"""The boards of one partition as they are worked on: totals and tops at hand. All else is in the rows of cells."""

from typing import TYPE_CHECKING, Final

from msgspec.json import encode
from mypy_extensions import i64

from agents.domain.ranking import GIFTS_SHOWN, Top
from agents.domain.rows import Gift, Gifter, Scope, Streamer, Total, bytes_of
from schemas.board import Window
from schemas.ids import WindowName

if TYPE_CHECKING:
    from agents.domain.book import Book

ROW_BYTES: Final = 88
"""What the numbers of a row take at most, and what surrounds them in a record batch."""

_KINDS: Final[dict[WindowName, int]] = {"1m": 0, "1h": 1, "1d": 2, "stream": 3}


def window_id(name: WindowName, start_ms: i64) -> i64:
    """Return a number that tells the windows of one stream and unit apart: 4 * start + the kind of window.

    A `stream` window, which has no start, begins with its first gift: one that begins anew has another id.
    """
    return 4 * start_ms + _KINDS[name]


def bit_of(window: i64) -> int:
    """Return a bit for the kind of a window: a cell says the same of at most one of each."""
    return 1 << (window & 3)


class WindowBoards:
    """The boards of one unit and window: of each stream by its id, and of each region. `json` is the window's.

    `closes` is the watermark from which nothing can come in any more, None for `stream`. Only streams' boards that are
    not archived are here.
    """

    __slots__ = ("closes", "expires", "json", "key", "overall", "regions", "streams", "unit", "window")

    overall: "ScopeBoard"
    """The board of all the partition's streams; `stream` has none."""

    def __init__(self, unit: str, window: Window, closes: int | None, expires: int | None) -> None:
        self.key = f"{unit}|{window.name}|{window.start_ms}"
        self.unit = unit
        self.window = window
        self.json = encode(window)
        self.closes = closes
        self.expires = expires
        self.streams: dict[str, Board] = {}
        self.regions: dict[str, ScopeBoard] = {}

    def release(self) -> None:
        """Hold no boards but that of all streams, which is left without rows."""
        for scope in self.scopes():
            scope.live.clear()
            scope.top = _NO_STREAMS
        self.streams.clear()
        self.regions.clear()

    def scopes(self) -> list["ScopeBoard"]:
        """Return the boards of all streams and of each region's."""
        return [self.overall, *self.regions.values()] if self.window.end_ms is not None else []


class Board:
    """One stream in one unit and window: its total, and the tops of its gifters and gifts.

    `gifters` and `gifts` are how many there are; the book has them. `published_ms` is the wall clock of its last
    publication by this process, `run` the run in which it changed last, `limit` how many gifters it shows.
    """

    __slots__ = (
        "book",
        "gifters",
        "gifts",
        "id",
        "key",
        "limit",
        "published_ms",
        "row",
        "run",
        "size",
        "stream",
        "top",
        "top_gifts",
        "within",
    )

    def __init__(self, within: WindowBoards, book: "Book", row: Total, limit: int) -> None:
        self.within = within
        self.book = book
        self.stream = book.stream
        self.key = f"{book.stream}|{within.key}"
        self.row = row
        self.published_ms = 0
        self.size = ROW_BYTES + len(self.key)
        self.run: i64 = -1
        self.limit = limit
        self.begin()

    def begin(self) -> None:
        """Begin without gifters and gifts."""
        name = self.within.window.name
        start_ms = self.row.opened_ms if self.within.closes is None else self.within.window.start_ms
        self.id: i64 = window_id(name, start_ms)
        self.book.live[self.id] = self
        self.gifters = self.gifts = 0
        self.top: Top[Gifter] = Top(self.limit, bit_of(self.id))
        self.top_gifts: Top[Gift] = Top(GIFTS_SHOWN, bit_of(self.id))

    def row_bytes(self) -> i64:
        """Return what the total's row takes in a record batch, with its key, at most."""
        return self.size + len(self.row.channel_id) + bytes_of(self.row.channel_name)

    def changed_to(self) -> int:
        """Return the position just behind the last change, being made final included."""
        return max(self.row.offset + 1, self.row.final_at)

    def strip(self) -> None:
        """Let go of all but the total: the board is archived."""
        del self.book.live[self.id]
        self.top, self.top_gifts = _NO_GIFTERS, _NO_GIFTS


class ScopeBoard:
    """All streams of one scope, unit and window: of the partition (`region` None) or of one region.

    The entries are the partition's totals, or the region's own cells; `streams` is how many there are. `live` holds the
    boards of the same scope and unit that are not archived, by id. The rest is as in `Board`.
    """

    __slots__ = (
        "id",
        "key",
        "live",
        "published_ms",
        "region",
        "row",
        "run",
        "scope",
        "size",
        "streams",
        "top",
        "within",
    )

    def __init__(
        self, within: WindowBoards, region: str | None, live: "dict[int, ScopeBoard]", row: Scope, limit: int
    ) -> None:
        self.within = within
        self.region = region
        self.scope = scope_of(region)
        self.key = f"{self.scope}|{within.key}"
        self.id: i64 = window_id(within.window.name, within.window.start_ms)
        self.live = live
        self.row = row
        self.streams = 0
        self.top: Top[Total | Streamer] = Top(limit, bit_of(self.id))
        self.published_ms = 0
        self.size = ROW_BYTES + len(self.key)
        self.run: i64 = -1
        if not row.archived:
            live[self.id] = self

    def changed_to(self) -> int:
        """Return the position just behind the last change."""
        return self.row.offset + 1

    def strip(self) -> None:
        """Let go of all but the total: the board is archived."""
        del self.live[self.id]
        self.top = _NO_STREAMS


def scope_of(region: str | None) -> str:
    """Return the public name of a scope."""
    return "global" if region is None else f"region:{region}"


_NO_GIFTERS: Final[Top[Gifter]] = Top(1)
_NO_GIFTS: Final[Top[Gift]] = Top(1)
_NO_STREAMS: Final[Top[Total | Streamer]] = Top(1)

AnyBoard = Board | ScopeBoard
