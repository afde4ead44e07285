"""What is sent in one sequence: few streams, senders and ids, so that everything collides; times at the edges."""

from random import Random
from typing import Any, Final, NamedTuple

from tests.builders import as_json, gift

PARTITIONS: Final = 2
STREAMS: Final = "abcd"
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
STEPS_MS: Final = (1_000, 29_999, 30_000, 59_999, 60_000, 90_000, 300_000, 599_999, 600_001, HOUR_MS, 30 * HOUR_MS)
LATE_MS: Final = (0, 0, 0, 0, 500, 30_000, 61_000, 120_000, 599_000, 600_000, 600_001, -1_000, -299_000)
BAD: Final = (None, b"", b"not json", b"{}", b'{"event_id":1}', b"\xff" * 8)


class Sent(NamedTuple):
    """A record for the source topic. A partition's `skip` is an offset that no reader sees."""

    partition: int
    key: bytes | None
    value: bytes | None
    skip: bool = False


class Events:
    """Draws events. Ids are numbered, so that a seed gives equal bytes in any process."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._number = 0

    def next(self, now_ms: int) -> Sent:
        """Return an event at a moment near `now_ms`, or something bad, or something that no reader sees."""
        random = self._random
        stream = random.choice(STREAMS)
        partition, key = ord(stream) % PARTITIONS, f"tiktok:{stream}".encode()
        what = random.random()
        if what < 0.03:
            return Sent(partition, key, None, skip=True)
        if what < 0.1:
            return Sent(partition, random.choice((key, None)), random.choice(BAD))
        return Sent(partition, key, as_json(self._gift(f"tiktok:{stream}", now_ms - random.choice(LATE_MS))))

    def plain(self, partition: int, at_ms: int) -> Sent:
        """Return an event for a partition that nothing is special about, at a moment."""
        self._number += 1
        stream = next(f"tiktok:{name}" for name in STREAMS if ord(name) % PARTITIONS == partition)
        event = gift(stream=stream, at=at_ms, event_id=f"tiktok:p{self._number}", value=1)
        return Sent(partition, stream.encode(), as_json(event))

    def _gift(self, stream: str, at_ms: int) -> dict[str, Any]:
        random = self._random
        self._number += 1
        fields: dict[str, Any] = {
            "event_id": f"tiktok:x{random.randrange(3)}" if random.random() < 0.2 else f"tiktok:e{self._number}",
            "sender": random.choice((None, "u1", "u2", "u3", "u4")),
            "value": random.choice((0, 1, 1, 2, 3, 2_000)),
            "quantity": random.randint(1, 4),
            "phase": random.choice(("single", "single", "streak_update", "streak_update", "streak_end")),
            "streak": random.choice(("k1", "k2")),
            "gift_id": random.choice(("rose", "lion")),
        }
        for name, likely, values in OPTIONAL:
            if random.random() < likely:
                fields[name] = random.choice(values)
        return gift(stream=stream, at=at_ms, **fields)


OPTIONAL: Final[tuple[tuple[str, float, tuple[Any, ...]], ...]] = (
    ("value_unit", 0.2, ("bit", "minor:EUR")),
    ("region", 0.3, ("DE", "FR")),
    ("recipient_id", 0.1, ("r1", "r2")),
    ("sender_name", 0.3, ("A", "B")),
    ("channel_name", 0.3, ("C", "D")),
    ("total_value", 0.1, (0, 3, 9)),
    ("paid", 0.1, (False,)),
)
