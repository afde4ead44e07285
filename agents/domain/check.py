"""One record of the source topic: a gift event, or why it cannot be counted. Only `too_old` is the fold's."""

from collections.abc import Set as AbstractSet
from typing import Final

from agents.domain.decode import decode
from agents.domain.event import Event
from agents.domain.partitioner import partition_of, seen_partitioner
from agents.domain.record import Record
from agents.domain.reject import Rejected, rejected
from agents.domain.rules import Rules

MAX_VALUE_BYTES: Final = 16 * 1024
FIRST_TIME_MS: Final = 1_420_070_400_000
"""2015-01-01T00:00:00Z, before any live stream took gifts of these platforms."""

MAX_AHEAD_MS: Final = 300_000
"""How far an event time may be ahead of the record's append time."""

KEYS_KEPT: Final = 65_536
"""For how many keys the judgement of their partition is kept. Each is a stream id: at most 128 bytes."""


class Checker:
    """Judges the records of one partition, each by itself. It remembers only which keys belong here."""

    __slots__ = ("_keys", "_partition", "_quarantined", "_rules")

    def __init__(self, rules: Rules, partition: int, quarantined: AbstractSet[int] = frozenset()) -> None:
        """`quarantined` holds the offsets that the operator named."""
        self._rules = rules
        self._partition = partition
        self._quarantined = quarantined
        self._keys: dict[bytes, tuple[str, Rejected | None]] = {}

    def check(self, record: Record) -> Event | Rejected:
        """Return the event, or the first reason of the tree in `reject` that holds. Never raises."""
        if self._quarantined and record.offset in self._quarantined:
            return _QUARANTINED
        value = record.value
        if value is None or len(value) > MAX_VALUE_BYTES or (len(value) > 0 and value[0] == 0):
            return _unreadable(value)
        event = decode(value)
        if not isinstance(event, Event):
            return event
        if misplaced := self._misplaced(record.key, event):
            return misplaced
        if event.event_time_ms > record.timestamp + MAX_AHEAD_MS:
            return _TOO_FAR_AHEAD
        return event if event.event_time_ms >= FIRST_TIME_MS else _TOO_FAR_BACK

    def _misplaced(self, key: bytes | None, event: Event) -> Rejected | None:
        """Judge the key. All events of a stream get one string as `stream_id`: hashed once, equal at first sight."""
        if not key:
            return rejected("bad_key", "no key", "the stream_id", "set the record's key")
        judged = self._keys.get(key)
        if judged is None or judged[0] != event.stream_id:
            return self._judge(key, event.stream_id)
        event.stream_id, verdict = judged
        return verdict

    def _judge(self, key: bytes, stream_id: str) -> Rejected | None:
        if key != stream_id.encode():
            return _wrong_key(key)
        if len(self._keys) >= KEYS_KEPT:
            self._keys.clear()
        verdict = self._wrong_partition(key)
        self._keys[key] = (stream_id, verdict)
        return verdict

    def _wrong_partition(self, key: bytes) -> Rejected | None:
        wanted, count = self._rules.partitioner, self._rules.partitions
        if wanted == "any" or (home := partition_of(wanted, key, count)) == self._partition:
            return None
        seen = seen_partitioner(key, self._partition, count)
        return rejected(
            "wrong_partition",
            f"partition {self._partition}, put there by {seen or 'neither murmur2 nor crc32'}",
            f"{home} of {count}, by {wanted}",
            f"set the producer's partitioner to {wanted}"
            + (f", or GIFTSTREAM_PARTITIONER={seen} for all" if seen else ""),
        )


_QUARANTINED: Final = rejected("quarantined", "named by the operator", "other offsets", "repair and replay it")
_TOO_FAR_AHEAD: Final = rejected(
    "bad_time",
    "$.event_time_ms: ahead of the append time",
    f"up to {MAX_AHEAD_MS} ms ahead",
    "send milliseconds, and set the producer's clock",
)
_TOO_FAR_BACK: Final = rejected(
    "bad_time",
    "$.event_time_ms: before 2015",
    f"from {FIRST_TIME_MS}",
    "send milliseconds since 1970, not seconds",
)


def _unreadable(value: bytes | None) -> Rejected:
    if value is None:
        return rejected("null_value", "no value", "a gift event", "send no tombstones to this topic")
    if len(value) > MAX_VALUE_BYTES:
        return rejected("too_large", f"{len(value)} bytes", str(MAX_VALUE_BYTES), "send one gift a record")
    return rejected("confluent_framing", "a zero byte first", "plain JSON", "do without the schema registry")


def _wrong_key(key: bytes) -> Rejected:
    try:
        key.decode()
    except UnicodeDecodeError:
        return rejected("bad_key", "not UTF-8", "the stream_id", "set it as the record's key")
    return rejected("key_mismatch", "not the event's stream", "the stream_id", "set it as the record's key")
