"""Rows, and parts of rows, that msgspec reads and writes by itself. There are few. To change one: see `tables.Kind`."""

from msgspec import Struct


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
