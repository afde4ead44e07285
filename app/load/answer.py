"""What the pipeline must say of the load: known from what was meant by each message, not from its bytes.

A duplicate is a message object that has come before, a streak is worth the largest count that came through,
and a malformed record is one that was made so. Nothing here looks at an id.
"""

from typing import Any, Final

from app.load.message import Message
from app.load.options import LoadOptions
from schemas.dead_letter import Reason

_MINUTE_MS: Final = 60_000


class Answer:
    """The sums over all messages that came, told in the order of each partition's log.

    It holds for a topic that holds nothing else, with `min(event time, append time)` = event time: the load
    never sends a gift before it happened. `totals` maps (stream_id, unit) to [value in native units, sends];
    counted + unchanged + duplicates + dead-lettered = sent; `late` is the part of counted that missed its
    minute.
    """

    def __init__(self, options: LoadOptions) -> None:
        self.sent = 0
        self.counted = 0
        self.unchanged = 0
        self.duplicates = 0
        self.late = 0
        self.dead_letters: dict[Reason, int] = {}
        self.totals: dict[tuple[str, str], list[int]] = {}
        self._horizon_ms = options.horizon_ms
        self._lateness_ms = options.lateness_ms
        self._watermarks = [0] * options.partitions

    @property
    def dead_lettered(self) -> int:
        """All records that can not be counted, whatever the reason."""
        return sum(self.dead_letters.values())

    def tell(self, message: Message) -> None:
        """Take in the next message of its partition."""
        self.sent += 1
        partition = message.stream.partition
        watermark = self._watermarks[partition]
        if message.reason is not None:
            self._refuse(message.reason)
        elif message.event_ms < watermark - self._horizon_ms:
            self._refuse("too_old")
        else:
            if message.event_ms > watermark:
                self._watermarks[partition] = message.event_ms
            self._admit(message, watermark)

    def _refuse(self, reason: Reason) -> None:
        self.dead_letters[reason] = self.dead_letters.get(reason, 0) + 1

    def _admit(self, message: Message, watermark: int) -> None:
        if message.came:
            self.duplicates += 1
            return
        message.came = True
        gifts = _gifts(message)
        if not gifts:
            self.unchanged += 1
            return
        self.counted += 1
        event_ms = message.event_ms
        if event_ms - event_ms % _MINUTE_MS + _MINUTE_MS + self._lateness_ms <= watermark:
            self.late += 1
        total = self.totals.setdefault((message.stream.stream_id, message.gift.unit), [0, 0])
        total[0] += gifts * message.gift.price
        total[1] += gifts

    def as_dict(self) -> dict[str, Any]:
        """Return the answer key as plain JSON values."""
        return {
            "sent": self.sent,
            "counted": self.counted,
            "unchanged": self.unchanged,
            "duplicates": self.duplicates,
            "dead_lettered": self.dead_lettered,
            "late": self.late,
            "dead_letters": dict(sorted(self.dead_letters.items())),
            "totals": [
                {"stream_id": stream_id, "unit": unit, "value": value, "sends": sends}
                for (stream_id, unit), (value, sends) in sorted(self.totals.items())
            ],
        }


def _gifts(message: Message) -> int:
    """Return how many gifts the message tells of that were not known before."""
    streak = message.streak
    if streak is None:
        return message.quantity
    gifts = message.quantity - streak.came
    if gifts <= 0:
        return 0
    streak.came = message.quantity
    return gifts
