"""The rows of which there are few: how far a partition is, and what it has to publish. Written as those in `rows`."""

from msgspec import Struct

from schemas.partial import Ledger


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
