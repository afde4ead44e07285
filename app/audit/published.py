"""What a published board claims: its content, and the log position for which that is the exact answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from app.audit.expected import LocalTop, Place
from app.audit.options import BoardKind


class Published(NamedTuple):
    """A record of a board's topic, as it lies there. A value of None is a tombstone."""

    partition: int
    offset: int
    value: bytes | None


Boards = Mapping[BoardKind, Mapping[str, Sequence[Published]]]
"""Every record still present, in offset order, by kind of board and key."""


@dataclass(slots=True)
class Claim:
    """One published board that is to be compared; `parts` fills up while the partitions are recounted."""

    kind: BoardKind
    key: str
    partition: int
    body: dict[str, Any]
    place: Place
    parts: dict[int, LocalTop] = field(default_factory=dict)
    is_settled: bool = False

    @property
    def revision(self) -> int:
        """The revision as published; -1 where there is none."""
        revision = self.body.get("revision")
        return revision if isinstance(revision, int) else -1


def read_claim(kind: BoardKind, key: str, record: Published, topic: str) -> Claim | str:
    """Return the claim of a published value that is no tombstone, or what makes it unreadable."""
    if len(key.split("|")) != 4 or not key.rsplit("|", 1)[1].isdecimal():
        return f"key: expected owner|unit|window|start_ms, found {key}"
    try:
        body = msgspec.json.decode(record.value or b"")
    except (msgspec.DecodeError, RecursionError) as error:
        return f"value: expected JSON, found {error}"
    offsets = _offsets(body)
    if not offsets or (kind != "streams" and len(offsets) > 1):
        return "position.offsets: expected partition numbers with offsets"
    place = Place(topic, offsets, is_final=body.get("is_final") is True)
    return Claim(kind, key, record.partition, body, place)


def _offsets(body: Any) -> dict[int, int] | None:
    try:
        offsets = body["position"]["offsets"]
        numbers = {int(partition): offset for partition, offset in offsets.items()}
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    return numbers if all(type(offset) is int for offset in numbers.values()) else None
