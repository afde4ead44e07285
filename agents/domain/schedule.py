"""Things by the time that they are due at."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, Generic, TypeVar

LIMIT: Final = 2_000
"""Boards that one cut closes, or deletes, at most: it must fit into the run that it belongs to."""

T = TypeVar("T")


class Schedule(Generic[T]):
    """Holds things until a time; many may share one."""

    __slots__ = ("_at", "_times")

    def __init__(self) -> None:
        self._times: list[int] = []
        self._at: dict[int, list[T]] = {}

    def add(self, when: int, thing: T) -> None:
        """Schedule a thing."""
        things = self._at.get(when)
        if things is None:
            self._at[when] = [thing]
            heappush(self._times, when)
        else:
            things.append(thing)

    def due(self, until: int, limit: int) -> Iterator[T]:
        """Take out what is due at `until` or before, earliest first, at most `limit` things."""
        while limit and self._times and self._times[0] <= until:
            things = self._at[self._times[0]]
            thing = things.pop()
            if not things:
                del self._at[heappop(self._times)]
            limit -= 1
            yield thing
