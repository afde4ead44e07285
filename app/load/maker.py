"""Makes the messages of one gift: JSON put together from ready pieces, because that is ten times faster."""

import random
from collections.abc import Iterator

from app.load.catalogue import Gift
from app.load.malformed import spoil
from app.load.message import Message, Streak
from app.load.options import Faults
from app.load.streaks import frames
from app.load.streams import Stream


class Maker:
    """Every event it makes has an id of its own. `sender` is the JSON members that name the gifter."""

    def __init__(self, rng: random.Random, faults: Faults, catalogues: set[tuple[Gift, ...]]) -> None:
        self._rng = rng
        self._faults = faults
        self._members = {gift: gift.members for catalogue in catalogues for gift in catalogue}
        self._events = 0
        self._spoilt = 0

    def one(self, stream: Stream, gift: Gift, sender: bytes, event_ms: int) -> Message:
        """Return a gift that is no part of a streak."""
        quantity = gift.quantities[int(self._rng.random() * len(gift.quantities))]
        value = b'%b,"quantity":%d,"event_time_ms":%d,"phase":"single"}' % (
            self._begin(stream, gift, sender),
            quantity,
            event_ms,
        )
        return Message(stream, gift, event_ms, quantity, value)

    def streak(self, stream: Stream, gift: Gift, sender: bytes, began_ms: int) -> Iterator[tuple[int, Message]]:
        """Yield the messages of a streak, and after how many ms each is sent."""
        streak = Streak()
        name = b"%d-%d" % (began_ms, self._events)
        for frame in frames(self._rng, self._faults):
            event_ms = began_ms + frame.event_ms
            value = b'%b,"quantity":%d,"event_time_ms":%d,"phase":"%b","streak_id":"%b"}' % (
                self._begin(stream, gift, sender),
                frame.total,
                event_ms,
                b"streak_end" if frame.final else b"streak_update",
                name,
            )
            yield frame.sent_ms, Message(stream, gift, event_ms, frame.total, value, streak)

    def malformed(self, stream: Stream, gift: Gift, event_ms: int) -> Message:
        """Return a gift that can not be counted, in another way each time."""
        message = self.one(stream, gift, b'"sender_id":"gifter-0"', event_ms)
        spoilt = spoil(self._spoilt, stream.key, message.value or b"")
        self._spoilt += 1
        message.reason, message.key, message.value = spoilt
        return message

    def _begin(self, stream: Stream, gift: Gift, sender: bytes) -> bytes:
        """Return the JSON of an event up to what changes inside a streak."""
        self._events += 1
        return b'%b%d",%b,%b,%b' % (stream.head, self._events, stream.members, self._members[gift], sender)
