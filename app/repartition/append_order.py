"""One order for the records of several partitions: append time, then partition, then offset. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any


class AppendOrder:
    """Holds what was fetched of each partition, and gives it out in order.

    Nothing comes out while a partition that has more before its end is empty here; one at its end holds nobody up.
    What lies behind an end waits for the next one: it was appended after everything before the ends.
    """

    def __init__(self, starts: Mapping[int, int]) -> None:
        """`starts`: the first offset of each partition that is wanted."""
        self._fetched: dict[int, deque[Any]] = {number: deque() for number in starts}
        self._next = dict(starts)
        self._ends = dict(starts)
        self._heads: list[tuple[int, int, int]] = []

    def open(self, ends: Mapping[int, int]) -> None:
        """Let out what lies before these offsets, by partition."""
        self._ends = dict(ends)
        self._heads = [head for number in self._fetched if (head := self._head(number)) is not None]
        heapify(self._heads)

    def hungry(self) -> list[int]:
        """Return the partitions that have more before their end, none of which is here."""
        return [number for number, end in self._ends.items() if not self._fetched[number] and self._next[number] < end]

    def add(self, number: int, records: Sequence[Any], position: int) -> None:
        """Take what was fetched for a hungry partition; `position` is where the fetch goes on.

        Without records there was nothing before it that a reader may see.
        """
        if not records:
            self._next[number] = position
            return
        self._fetched[number].extend(records)
        if (head := self._head(number)) is not None:
            heappush(self._heads, head)

    def take(self, most: int) -> list[Any]:
        """Return up to `most` records in order: fewer as soon as a partition is hungry, none at the ends."""
        taken: list[Any] = []
        heads, fetched = self._heads, self._fetched
        while heads and len(taken) < most:
            number = heads[0][1]
            record = fetched[number].popleft()
            taken.append(record)
            self._next[number] = record.offset + 1
            if (head := self._head(number)) is not None:
                heapreplace(heads, head)
            else:
                heappop(heads)
                if not fetched[number] and self._next[number] < self._ends[number]:
                    break
        return taken

    def positions(self) -> dict[int, int]:
        """Return the offset of each partition before which everything has come out."""
        return {n: queue[0].offset if queue else self._next[n] for n, queue in self._fetched.items()}

    def _head(self, number: int) -> tuple[int, int, int] | None:
        queue = self._fetched[number]
        if not queue or queue[0].offset >= self._ends[number]:
            return None
        return queue[0].timestamp, number, queue[0].offset
