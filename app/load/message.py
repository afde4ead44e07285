"""One message of the load as it was meant, before it is bytes on a topic."""

from typing import NamedTuple

from app.load.catalogue import Gift
from app.load.streams import Stream
from schemas.dead_letter import Reason


class Send(NamedTuple):
    """One record to send: when (ms), its key and value, and the partition its key belongs to."""

    at_ms: int
    key: bytes | None
    value: bytes | None
    partition: int


class Streak:
    """A run of the same gift by one gifter: how many of it have come through so far."""

    __slots__ = ("came",)

    def __init__(self) -> None:
        self.came = 0


class Message:
    """A record and what was meant by it. The same object sent again is the same event again.

    `quantity` is cumulative if `streak` is given. `reason` is why it can not be counted, if it was made so.
    """

    __slots__ = ("came", "event_ms", "gift", "key", "quantity", "reason", "streak", "stream", "value")

    def __init__(
        self,
        stream: Stream,
        gift: Gift,
        event_ms: int,
        quantity: int,
        value: bytes,
        streak: Streak | None = None,
    ) -> None:
        self.stream = stream
        self.gift = gift
        self.event_ms = event_ms
        self.quantity = quantity
        self.streak = streak
        self.key: bytes | None = stream.key
        self.value: bytes | None = value
        self.reason: Reason | None = None
        self.came = False
