"""Groups of rows that nobody reads any more, deleted a few at a time, so that no run is flooded with tombstones."""

from typing import Generic, TypeVar

from agents.domain.tables import FamilyT

R = TypeVar("R")


class Graveyard(Generic[R]):
    """The dead groups of one family."""

    __slots__ = ("_dead", "_family")

    def __init__(self, family: FamilyT[R]) -> None:
        self._family = family
        self._dead: dict[str, list[str]] = {}

    def bury(self, group: str) -> None:
        """Give up a group."""
        if members := list(self._family.groups.get(group, ())):
            self._dead[group] = members
        else:
            self._family.drop(group)

    def revive(self, group: str) -> None:
        """Keep what is left of a group: it is used again."""
        self._dead.pop(group, None)

    def trickle(self, limit: int) -> int:
        """Delete at most `limit` rows; return how many less than that it were."""
        while limit and self._dead:
            group, members = self._dead.popitem()
            taken = members[-limit:]
            del members[-limit:]
            if members:
                self._dead[group] = members
            for member in taken:
                self._family.delete(group, member)
            limit -= len(taken)
        return limit
