"""What the domain sees of one record of the source topic."""

from typing import Protocol


class Record(Protocol):
    """A record as the broker kept it. `timestamp` is its append time in ms."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
