"""The partials topic, internal to the pipeline: what each partition tells the merge agent.

Key `partition|scope|unit|window|start_ms` holds a Partial, key `partition` a Progress.
"""

from msgspec import Struct

from schemas.board import Window


class PartialEntry(Struct, frozen=True, gc=False, array_like=True):
    """One stream of a partition's local top."""

    id: str
    name: str | None
    value: int
    sends: int
    reached_ms: int
    channel_id: str


class Partial(Struct, frozen=True, gc=False, tag="partial"):
    """A partition's whole local top of one scope, unit and window, and the record that last changed it."""

    partition: int
    scope: str
    unit: str
    window: Window
    offset: int
    entries: list[PartialEntry]
    value: int
    sends: int
    ranked: int
    incomplete: list[str] = []


class Ledger(Struct, frozen=True, gc=False):
    """What became of every record of a partition up to a position; sums to the records read.

    counted + unchanged + duplicates + dead_lettered = records. `late` is the part of counted that missed `1m`.
    """

    counted: int = 0
    unchanged: int = 0
    duplicates: int = 0
    dead_lettered: int = 0
    late: int = 0
    spikes: int = 0
    big_gifts: int = 0


class Progress(Struct, frozen=True, gc=False, tag="progress"):
    """How far a partition is: the next offset to read, its watermark (ms), and its ledger."""

    partition: int
    position: int
    watermark_ms: int
    ledger: Ledger
