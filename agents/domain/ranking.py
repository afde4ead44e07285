"""The order of a board, and its exact top without sorting or scanning all of its rows.

Values only grow, and with them a row's place: a row outside the top enters it only by its own gift, so the top can
be kept by looking at each changed row once. The lowest row in the top is a bound that only rises.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar

from mypy_extensions import i64

from agents.domain.rows import Gift, Gifter, Streamer, Total

GIFTS_SHOWN: Final = 20

NO_VALUE: Final = 2**62
"""Above all values."""

SortKey = tuple[int, int, str]
"""Lower is better; the first part is the value, negated."""


Ranked = Gifter | Streamer | Total
"""A row that can be an entry of a leaderboard."""


def entry_key(row: Ranked, name: str) -> SortKey:
    """Order entries: value descending, then the earlier to reach it, then id bytes (ids are ASCII)."""
    return -row.value, row.reached_ms, name


def gift_key(row: Gift, name: str) -> SortKey:
    """Order gifts: value descending, then sends descending, then id bytes."""
    return -row.value, -row.sends, name


_PLACE: Final = itemgetter(0)

R = TypeVar("R")
Key = Callable[[Any, str], SortKey]


class Top(Generic[R]):
    """The best `limit` rows by id.

    `floor` is a value: a row that is not in `rows` can be among the best only from it on. Rows are shared with their
    family and change in place. Each new row is offered, and each that has changed to `floor` or more; in any order.
    """

    __slots__ = ("_key", "_limit", "_worst", "floor", "rows")

    def __init__(self, limit: int, key: Key) -> None:
        self._key = key
        self._limit = limit
        self._worst: SortKey = (0, 0, "")
        self.floor: i64 = NO_VALUE
        self.rows: dict[str, R] = {}

    def offer(self, name: str, row: R) -> None:
        """Take in a row if it is now among the best."""
        rows = self.rows
        if name in rows:
            return
        if len(rows) < self._limit:
            rows[name] = row
            if len(rows) == self._limit:
                self._measure()
            return
        offered = self._key(row, name)
        if offered < self._worst:
            worst = self._measure()
            if offered < self._worst:
                del rows[worst]
                rows[name] = row

    def ranked(self) -> list[tuple[str, R]]:
        """Return the rows with their ids, in order."""
        key = self._key
        keyed = [(key(row, name), row) for name, row in self.rows.items()]
        keyed.sort(key=_PLACE)
        return [(place[2], row) for place, row in keyed]

    def _measure(self) -> str:
        """Find the lowest row. Between calls it can only have improved, which leaves the bound valid."""
        key = self._key
        self._worst = max(key(row, name) for name, row in self.rows.items())
        self.floor = -self._worst[0]
        return self._worst[2]


def competition_ranks(values: Iterable[int]) -> list[int]:
    """Return the ranks of values in descending order: 1, 2, 2, 4, equal values sharing a rank."""
    ranks: list[int] = []
    previous, rank = None, 0
    for place, value in enumerate(values, 1):
        if value != previous:
            previous, rank = value, place
        ranks.append(rank)
    return ranks
