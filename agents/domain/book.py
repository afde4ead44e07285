"""Everything that one stream is given in one unit."""

from mypy_extensions import i64

from agents.domain.board import Board, ScopeBoard
from agents.domain.cells import Gifters, Gifts, Streamers
from agents.domain.tables import Tables


class Book:
    """One stream's rows in one unit, and what needs them: its boards that are not archived, and those of its regions.

    Both by id, `live` and `areas`.
    `found` holds the boards that the last gift fell into: `1m` (unless it was `late`), `1h`, `1d`, and last `stream`;
    `minute` is the minute of its event time. `windows` are the ids of `found`; `turn` is a number that these have, and
    no others ever, nor those of another book.
    """

    __slots__ = (
        "areas",
        "found",
        "gifters",
        "gifts",
        "key",
        "late",
        "live",
        "minute",
        "regions",
        "stream",
        "turn",
        "unit",
        "windows",
    )

    def __init__(self, stream: str, unit: str, tables: Tables) -> None:
        self.key = f"{stream}|{unit}"
        self.stream = stream
        self.unit = unit
        self.live: dict[int, Board] = {}
        self.areas: dict[str, dict[int, ScopeBoard]] = {}
        self.gifters: dict[str, Gifters] = tables.gifters.groups.setdefault(self.key, {})
        self.gifts: dict[str, Gifts] = tables.gifts.groups.setdefault(self.key, {})
        self.regions: dict[str, Streamers] = tables.streams.groups.setdefault(self.key, {})
        self.minute = -1
        self.late = False
        self.found: tuple[Board, ...] = ()
        self.windows: tuple[int, ...] = ()
        self.turn: i64 = 0

    def busy(self) -> bool:
        """Tell whether a board needs the rows, besides the one of the `stream`."""
        rows = self.regions.items()
        return len(self.live) > 1 or any(
            window in self.areas.get(region, ()) for region, row in rows for window, _ in row.all()
        )

    def release(self) -> None:
        """Hold no boards."""
        self.live.clear()
        self.areas.clear()
        self.found = ()
