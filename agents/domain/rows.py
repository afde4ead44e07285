"""The rows that hold a partition's state. They are written as MessagePack arrays, so fields are only ever appended.

Those that come in numbers hold no container, so the garbage collector does not track them. Gifters, gifts and streamers
come as one tuple for all windows (`agents.domain.cells`), so that a gift changes one row of each and not one a window.
"""

from msgspec import Struct

from schemas.partial import Ledger


class Total(Struct, array_like=True, gc=False):
    """What one stream was given in one unit and window; also the stream's entry in the `global` board.

    `reached_ms` is the event time of the gift that made `value`, `last_ms` the highest event time, `offset` the
    record that changed the board last. `final_at` is the position at which the board was made final, 0 while it is
    open. Of an archived board only this row is left, until its tombstone. `opened_ms` is the event time of the first
    gift.
    """

    channel_id: str
    channel_name: str | None
    value: int
    sends: int
    reached_ms: int
    last_ms: int
    offset: int
    final_at: int = 0
    archived: bool = False
    opened_ms: int = 0


class Gifter(Struct, array_like=True, gc=False):
    """What one gifter gave to one stream in one unit and window; `window` is the `Board.id`."""

    window: int
    name: str | None
    value: int
    sends: int
    reached_ms: int


class Gift(Struct, array_like=True, gc=False):
    """What one gift of the catalogue brought to one stream in one unit and window; `window` is the `Board.id`."""

    window: int
    name: str | None
    value: int
    sends: int


class Streamer(Struct, array_like=True, gc=False):
    """What one stream was given from one region in one unit and window. The attributes are those of `Total`."""

    window: int
    channel_id: str
    channel_name: str | None
    value: int
    sends: int
    reached_ms: int


class Scope(Struct, array_like=True, gc=False):
    """What all streams of the partition were given in one scope, unit and window; `offset` as in `Total`."""

    value: int
    sends: int
    offset: int
    archived: bool = False


class Register(Struct, array_like=True, gc=False):
    """The highest cumulative quantity and value that a streak has shown, and the time it is remembered from."""

    quantity: int
    value: int
    at_ms: int


class Outgoing(Struct, array_like=True, gc=False):
    """A value to publish, and the record that gave rise to it."""

    offset: int
    payload: bytes


class Gap(Struct, array_like=True, gc=False):
    """Records from offset `begin` to `end` that were lost before they were counted.

    `until_ms` is the highest event time that they can have had; 0 until the next record is read.
    """

    begin: int
    end: int
    until_ms: int = 0


class Account(Struct, array_like=True):
    """How far the partition is, what became of its records (as in `schemas.partial.Ledger`), and which were lost."""

    position: int = 0
    watermark: int = 0
    counted: int = 0
    unchanged: int = 0
    duplicates: int = 0
    dead_lettered: int = 0
    late: int = 0
    spikes: int = 0
    big_gifts: int = 0
    gaps: list[Gap] = []

    def ledger(self) -> Ledger:
        """Return the public ledger."""
        return Ledger(*(getattr(self, name) for name in Ledger.__struct_fields__))
