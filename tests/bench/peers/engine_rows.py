"""The rows that giftstream's engine keeps for the benchmark's jobs.

Apart from `sums.py`, which uses them: compiled by mypyc, their fields would lose the types that msgspec looks for.
"""

from msgspec import Struct


class Total(Struct, array_like=True, gc=False):
    """What a stream was given in a minute, and the position that the row was written at."""

    value: int
    sends: int
    position: int


class Gifter(Struct, array_like=True, gc=False):
    """What a gifter gave to a stream."""

    value: int
    position: int
