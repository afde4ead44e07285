"""The boards of one partition as they are worked on: rows at hand, and the top where there are more rows than it."""

from collections.abc import Mapping
from typing import Final

from agents.domain.ranking import Ranked, Top
from agents.domain.rows import Gift, Gifter, Scope, Streamer, Total
from schemas.board import Window

ROW_BYTES: Final = 64
"""What the numbers of a row take at most, and what surrounds them in a record batch."""


class WindowBoards:
    """The boards of one unit and window: of each stream by its id, and of each region.

    `closes` is the watermark from which nothing can come in any more, None for `stream`. Only boards that are not
    archived are here.
    """

    __slots__ = ("closes", "expires", "key", "overall", "regions", "streams", "unit", "window")

    overall: "ScopeBoard"
    """The board of all the partition's streams; `stream` has none."""

    def __init__(self, unit: str, window: Window, closes: int | None, expires: int | None) -> None:
        self.key = f"{unit}|{window.name}|{window.start_ms}"
        self.unit = unit
        self.window = window
        self.closes = closes
        self.expires = expires
        self.streams: dict[str, Board] = {}
        self.regions: dict[str, ScopeBoard] = {}

    def scopes(self) -> list["ScopeBoard"]:
        """Return the boards of all streams and of each region's."""
        return [self.overall, *self.regions.values()] if self.window.end_ms is not None else []


_NONE: Final[set[str]] = set()


class Board:
    """One stream in one unit and window: its total, its gifters and its gifts.

    `published_ms` is the wall clock of its last publication by this process. `run` is the run in which it changed last;
    until that run is cut, the changed rows are told by adding to `changed_gifters` and `changed_gifts`.
    """

    __slots__ = (
        "changed_gifters",
        "changed_gifts",
        "gifters",
        "gifts",
        "key",
        "published_ms",
        "row",
        "run",
        "size",
        "stream",
        "top",
        "top_gifts",
        "within",
    )

    def __init__(
        self,
        within: WindowBoards,
        stream: str,
        key: str,
        row: Total,
        gifters: dict[str, Gifter],
        gifts: dict[str, Gift],
    ) -> None:
        self.within = within
        self.stream = stream
        self.key = key
        self.row = row
        self.published_ms = 0
        self.size = ROW_BYTES + len(self.key)
        self.run = -1
        self.changed_gifters: set[str] = _NONE
        self.changed_gifts: set[str] = _NONE
        self.begin(gifters, gifts)

    def changed_to(self) -> int:
        """Return the position just behind the last change, being made final included."""
        return max(self.row.offset + 1, self.row.final_at)

    def begin(self, gifters: dict[str, Gifter], gifts: dict[str, Gift]) -> None:
        """Take the rows behind the total."""
        self.gifters = gifters
        self.gifts = gifts
        self.top: Top[Gifter] | None = None
        self.top_gifts: Top[Gift] | None = None

    def strip(self) -> None:
        """Let go of all but the total: the board is archived."""
        self.begin({}, {})


class ScopeBoard:
    """All streams of one scope, unit and window: of the partition (`region` None) or of one region.

    The entries are `streams`: of the partition its totals, of a region its own rows, which then are in `regional`.
    `run` and `changed_streams` are as in `Board`.
    """

    __slots__ = (
        "changed_streams",
        "key",
        "published_ms",
        "region",
        "regional",
        "row",
        "run",
        "scope",
        "size",
        "streams",
        "top",
        "within",
    )

    def __init__(self, within: WindowBoards, region: str | None, row: Scope) -> None:
        self.within = within
        self.region = region
        self.scope = scope_of(region)
        self.key = f"{self.scope}|{within.key}"
        self.row = row
        self.streams: Mapping[str, Ranked] = {}
        self.regional: dict[str, Streamer] = {}
        self.top: Top[Ranked] | None = None
        self.published_ms = 0
        self.size = ROW_BYTES + len(self.key)
        self.run = -1
        self.changed_streams: set[str] = _NONE

    def changed_to(self) -> int:
        """Return the position just behind the last change."""
        return self.row.offset + 1

    def strip(self) -> None:
        """Let go of all but the total: the board is archived."""
        self.streams, self.regional, self.top = {}, {}, None


def scope_of(region: str | None) -> str:
    """Return the public name of a scope."""
    return "global" if region is None else f"region:{region}"


AnyBoard = Board | ScopeBoard
