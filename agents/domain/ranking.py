"""The order of a board, and its exact top without sorting or scanning all of its rows.

Values only grow, and with them a row's place: a row outside the top enters it only by its own gift, so the top can
be kept by looking at each changed row once. The lowest row in the top is a bound that only rises.
"""

from typing import Final, Generic, TypeVar

from mypy_extensions import i64

from agents.domain.rows import Ranked

GIFTS_SHOWN: Final = 20

NO_VALUE: Final = 2**62
"""Above all values."""

R = TypeVar("R", bound=Ranked)


class Top(Generic[R]):
    """The best `limit` rows by id: the higher value, then the lower `second`, then the id's bytes (ids are ASCII).

    `floor` is a value: a row that is not `listed` can be among the best only from it on. Rows are shared with their
    family and change in place. Each row that has come, or changed, to `floor` or more is offered; in any order. A row
    may be in several tops: `bit` is this one's in its `listed`.
    """

    __slots__ = ("_limit", "_worst", "_worst_second", "bit", "floor", "rows")

    def __init__(self, limit: int, bit: int = 1) -> None:
        self._limit = limit
        self.bit: i64 = bit
        self._worst = ""
        self._worst_second: i64 = 0
        self.floor: i64 = 0
        self.rows: dict[str, R] = {}

    def offer(self, name: str, row: R) -> None:
        """Take in a row if it is now among the best."""
        rows = self.rows
        if row.listed & self.bit:
            return
        if len(rows) < self._limit:
            self.put(name, row)
            if len(rows) == self._limit:
                self._measure()
        elif self._passes(name, row):
            self._measure()
            if self._passes(name, row):
                rows.pop(self._worst).listed &= ~self.bit
                self.put(name, row)

    def put(self, name: str, row: R) -> None:
        """Have a row in the top: in the place of the one of that name, which says the same, if there is one."""
        self.rows[name] = row
        row.listed |= self.bit

    def ranked(self) -> list[tuple[str, R]]:
        """Return the rows with their ids, in order."""
        ranked: list[tuple[str, R]] = []
        for name, row in self.rows.items():
            low: i64 = 0
            high: i64 = len(ranked)
            while low < high:
                middle = (low + high) >> 1
                other_name, other = ranked[middle]
                if _is_better(name, row, other_name, other):
                    high = middle
                else:
                    low = middle + 1
            ranked.insert(low, (name, row))
        return ranked

    def _passes(self, name: str, row: R) -> bool:
        """Tell whether a row is better than the worst, as it was measured last."""
        if row.value != self.floor:
            return row.value > self.floor
        second = row.second()
        return name < self._worst if second == self._worst_second else second < self._worst_second

    def _measure(self) -> None:
        """Find the lowest row. Between calls it can only have improved, which leaves the bound valid."""
        self.floor = NO_VALUE
        for name, row in self.rows.items():
            if not self._passes(name, row):
                self.floor, self._worst_second, self._worst = row.value, row.second(), name


def _is_better(name: str, row: Ranked, other_name: str, other: Ranked) -> bool:
    if row.value != other.value:
        return row.value > other.value
    second, other_second = row.second(), other.second()
    return name < other_name if second == other_second else second < other_second


def competition_ranks(values: list[int]) -> list[int]:
    """Return the ranks of values in descending order: 1, 2, 2, 4, equal values sharing a rank."""
    ranks: list[int] = []
    previous = rank = 0
    for at, value in enumerate(values):
        if at == 0 or value != previous:
            previous, rank = value, at + 1
        ranks.append(rank)
    return ranks
