"""What became of one record of the source log."""

from typing import Literal, NamedTuple

from app.audit.memory import Memory
from schemas.dead_letter import Reason
from schemas.gift import GiftEvent

What = Literal["counted", "unchanged", "duplicate", "dead_letter"]


class Fate(NamedTuple):
    """What a record brought, or why it brought nothing.

    `event` is None where the record is no GiftEvent. `sends` and `value` are what was added; `is_late`: not to the
    `1m` window. `memory` is that of the event's id, for a duplicate of the record that was first; `is_tainted` says
    that records which the log has lost may have decided otherwise.
    """

    what: What
    event: GiftEvent | None = None
    sends: int = 0
    value: int = 0
    is_late: bool = False
    memory: Memory | None = None
    is_tainted: bool = False
    reason: Reason | None = None
