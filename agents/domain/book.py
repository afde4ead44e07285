"""Everything that one stream is given in one unit."""

from mypy_extensions import i64

from agents.domain.board import Board, ScopeBoard
from agents.domain.rows import Gift, Gifter, Streamer
from agents.domain.tables import Tables


class Book:
    """One stream's rows in one unit, and what needs them: its boards that are not archived, and those of its regions.

    Both by id, `live` and `areas`.
    `found` holds the boards that the last gift fell into: `1m` (unless it was `late`), `1h`, `1d`, and last `stream`;
    `minute` is the minute of its event time. `run` is the run in which a row changed last; until that run is cut, the
    changed rows are told by entering them in the three `changed`.
    """

    __slots__ = (
        "areas",
        "changed_gifters",
        "changed_gifts",
        "changed_regions",
        "found",
        "gifters",
        "gifts",
        "key",
        "late",
        "live",
        "minute",
        "regions",
        "run",
        "size",
        "stream",
        "unit",
    )

    def __init__(self, stream: str, unit: str, tables: Tables) -> None:
        self.key = f"{stream}|{unit}"
        self.stream = stream
        self.unit = unit
        self.size = len(self.key)
        self.live: dict[int, Board] = {}
        self.areas: dict[str, dict[int, ScopeBoard]] = {}
        self.gifters: dict[str, tuple[Gifter, ...]] = tables.gifters.groups.setdefault(self.key, {})
        self.gifts: dict[str, tuple[Gift, ...]] = tables.gifts.groups.setdefault(self.key, {})
        self.regions: dict[str, tuple[Streamer, ...]] = tables.streams.groups.setdefault(self.key, {})
        self.changed_gifters: dict[str, tuple[Gifter, ...] | None] = {}
        self.changed_gifts: dict[str, tuple[Gift, ...] | None] = {}
        self.changed_regions: dict[str, tuple[Streamer, ...] | None] = {}
        self.run: i64 = -1
        self.minute = -1
        self.late = False
        self.found: tuple[Board, ...] = ()

    def busy(self) -> bool:
        """Tell whether a board needs the rows, besides the one of the `stream`."""
        rows = self.regions.items()
        return len(self.live) > 1 or any(
            cell.window in self.areas.get(region, ()) for region, row in rows for cell in row
        )

    def release(self) -> None:
        """Hold no boards."""
        self.live.clear()
        self.areas.clear()
        self.found = ()

    def changes(self, run: i64, tables: Tables) -> None:
        """A row is about to change for the first time in this run."""
        self.run = run
        self.changed_gifters = tables.gifters.changing(self.key)
        self.changed_gifts = tables.gifts.changing(self.key)
        self.changed_regions = tables.streams.changing(self.key)
