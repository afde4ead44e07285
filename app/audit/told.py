"""What the newest published value of a board's key tells of the total, or of one member's."""

from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from app.audit.options import BoardKind
from app.audit.published import Published, read_claim


class Sum(Struct, frozen=True):
    """Gifts, and their value in native units."""

    sends: int = 0
    value: int = 0

    def plus(self, other: "Sum") -> "Sum":
        """Return both together."""
        return Sum(self.sends + other.sends, self.value + other.value)


@dataclass(frozen=True, slots=True)
class Told:
    """What is published, at which offset of each partition; `sum` is None where nothing is told.

    `lowest` is the value of the last entry of a full board: a member that is not among them has at most that.
    """

    sum: Sum | None = None
    position: dict[int, int] = field(default_factory=dict)
    lowest: int | None = None
    note: str = ""


def read_told(kind: BoardKind, key: str, member: str | None, newest: Published | None, topic: str, top_n: int) -> Told:
    """Read the newest record of a key; `topic` is the source's."""
    if newest is None:
        return Told(note="nothing is published under this key")
    if newest.value is None:
        return Told(note="its retention is over: the newest record of the key is a tombstone")
    claim = read_claim(kind, key, newest, topic)
    if isinstance(claim, str):
        return Told(note=f"what is published cannot be read: {claim}")
    offsets = dict(claim.place.offsets)
    try:
        if member is None:
            return Told(_sum(claim.body if kind == "totals" else claim.body["totals"]), offsets)
        return _entry(claim.body["entries"], member, offsets, top_n)
    except (LookupError, TypeError) as error:
        return Told(position=offsets, note=f"what is published cannot be read: {error!r}")


def _entry(entries: list[dict[str, Any]], member: str, offsets: dict[int, int], top_n: int) -> Told:
    for entry in entries:
        if entry["id"] == member:
            return Told(_sum(entry), offsets, note=f"place {entry['place']}")
    lowest = entries[-1]["value"] if len(entries) >= top_n else None
    return Told(None, offsets, lowest, f"not among the {len(entries)} published entries")


def _sum(told: dict[str, Any]) -> Sum:
    return Sum(told["sends"], told["value"])
