"""The rows that giftstream's engine keeps for the benchmark's jobs, and what is published of each."""

from msgspec import Struct

from tests.bench.peers.task import gifter_row, total_row


class Total(Struct, array_like=True, gc=False):
    """What a stream was given in a minute, and the position that the row was written at."""

    value: int
    sends: int
    position: int

    def told(self) -> bytes:
        """Return what is published of it."""
        return total_row(self.value, self.sends)


class Gifter(Struct, array_like=True, gc=False):
    """What a gifter gave to a stream."""

    value: int
    position: int

    def told(self) -> bytes:
        """Return what is published of it."""
        return gifter_row(self.value)
