"""The families of rows that hold one partition's state, by name and tag."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from agents.domain.account import Account
from agents.domain.cells import Gifters, Gifts, Streamers
from agents.domain.changed import Changed
from agents.domain.engagement import BucketTally, Engagement
from agents.domain.rows import Register, Scope, Total
from agents.domain.small_rows import Outgoing

R = TypeVar("R")


class FamilyT(Protocol[R]):
    """Rows of one type: group -> member -> row.

    A group is what lives and dies together. Every change, in place or not, is told by `put`; `size` estimates the
    encoded bytes of the row and its key. Group and member are strings without space.

    `changed` holds the rows that changed since the last run; hot paths `enter` theirs there themselves.
    """

    groups: dict[str, dict[str, R]]
    changed: Changed

    def get(self, group: str, member: str = "") -> R | None:
        """Return the row, or None."""

    def put(self, group: str, member: str, row: R, size: int = ...) -> None:
        """Store a row, new or changed in place."""

    def grow(self, size: int) -> None:
        """Rows of an estimated size were entered in `changed`."""

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
    gifters: FamilyT[Gifters]
    """stream|unit -> sender: a cell for each window."""
    gifts: FamilyT[Gifts]
    """stream|unit -> gift: a cell for each window."""
    scopes: FamilyT[Scope]
    """scope|unit|window|start_ms."""
    streams: FamilyT[Streamers]
    """stream|unit -> region: a cell for each window. The entries of `global` are the totals themselves."""
    seen: FamilyT[list[str | int]]
    """Block of offsets: the ids that came in it, as in `agents.domain.dedup`."""
    streaks: FamilyT[Register]
    """stream -> sender|recipient|gift|streak."""
    engagement: FamilyT[Engagement]
    """stream."""
    tallies: FamilyT[BucketTally]
    """stream -> slot: what was given lately, in a bucket of 5 s. One that has left the last minute stays until another
    takes its slot."""
    outbox: FamilyT[Outgoing]
    """spike_id: what is to be published of it; the newest wins."""
    progress: FamilyT[Account]
    """One row."""

    @classmethod
    def of(cls, family: "Callable[[Kind], Any]") -> "Tables":
        """Make all families; `family` makes one of its kind."""
        return cls(**{name: family(kind) for name, kind in FAMILIES.items()})


class Kind(NamedTuple):
    """What rows a family has. A tag is never used again for something else.

    Whoever changes what a row is written as, be it by one more field, raises `version`, and adds to `older` what makes
    today's row of the fields that the version before wrote. What older versions wrote is never rewritten, so none of
    `older` is ever taken away.
    """

    tag: str
    row_type: Any
    version: int = 1
    older: Mapping[int, Callable[[Any], Any]] = {}


FAMILIES: Final[dict[str, Kind]] = {
    "totals": Kind("b", Total),
    "gifters": Kind("g", Gifters, version=2, older={1: Gifters.unpack}),
    "gifts": Kind("f", Gifts, version=2, older={1: Gifts.unpack}),
    "scopes": Kind("c", Scope),
    "streams": Kind("s", Streamers, version=2, older={1: Streamers.unpack}),
    "seen": Kind("i", list[str | int]),
    "streaks": Kind("k", Register),
    "engagement": Kind("e", Engagement, version=2, older={1: Engagement.unpack_first}),
    "tallies": Kind("t", BucketTally, version=2, older={1: BucketTally.unpack}),
    "outbox": Kind("o", Outgoing),
    "progress": Kind("p", Account),
}
"""The families by name."""
