"""The families of rows that hold one partition's state, by name and tag."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from agents.domain.account import Account, Outgoing
from agents.domain.engagement import Engagement
from agents.domain.rows import Gift, Gifter, Register, Scope, Streamer, Total

R = TypeVar("R")


class FamilyT(Protocol[R]):
    """Rows of one type: group -> member -> row.

    A group is what lives and dies together. Every change, in place or not, is told by `put`; `size` estimates the
    encoded bytes of the row and its key. Group and member are strings without space.
    """

    groups: dict[str, dict[str, R]]

    def get(self, group: str, member: str = "") -> R | None:
        """Return the row, or None."""

    def put(self, group: str, member: str, row: R, size: int = ...) -> None:
        """Store a row, new or changed in place."""

    def changing(self, group: str) -> set[str]:
        """Return the changed members of a group, to add to directly until the changed rows are taken."""

    def grow(self, size: int) -> None:
        """Rows of an estimated size were added to a set of `changing`."""

    def delete(self, group: str, member: str = "") -> None:
        """Remove a row if it is there."""

    def drop(self, group: str) -> None:
        """Remove a whole group."""

    def __iter__(self) -> Iterator[tuple[str, str, R]]: ...


@dataclass(frozen=True, slots=True)
class Tables:
    """All state of one partition: what is not here can be rebuilt from it."""

    totals: FamilyT[Total]
    """unit|window|start_ms -> stream."""
    gifters: FamilyT[tuple[Gifter, ...]]
    """stream|unit -> sender: a cell for each window."""
    gifts: FamilyT[tuple[Gift, ...]]
    """stream|unit -> gift: a cell for each window."""
    scopes: FamilyT[Scope]
    """scope|unit|window|start_ms."""
    streams: FamilyT[tuple[Streamer, ...]]
    """stream|unit -> region: a cell for each window. The entries of `global` are the totals themselves."""
    seen: FamilyT[list[str | int]]
    """Block of offsets: the ids that came in it, as in `agents.domain.dedup`."""
    streaks: FamilyT[Register]
    """stream -> sender|recipient|gift|streak."""
    engagement: FamilyT[Engagement]
    """stream."""
    outbox: FamilyT[Outgoing]
    """spike_id: what is to be published of it; the newest wins."""
    progress: FamilyT[Account]
    """One row."""

    @classmethod
    def of(cls, family: Callable[[str, Any], Any]) -> "Tables":
        """Make all families; `family` makes one of a tag and a row type."""
        return cls(**{name: family(tag, row_type) for name, (tag, row_type) in FAMILIES.items()})


FAMILIES: Final[dict[str, tuple[str, Any]]] = {
    "totals": ("b", Total),
    "gifters": ("g", tuple[Gifter, ...]),
    "gifts": ("f", tuple[Gift, ...]),
    "scopes": ("c", Scope),
    "streams": ("s", tuple[Streamer, ...]),
    "seen": ("i", list[str | int]),
    "streaks": ("k", Register),
    "engagement": ("e", Engagement),
    "outbox": ("o", Outgoing),
    "progress": ("p", Account),
}
"""Tag and row type of each family. A tag is never used again for something else."""
