"""Which records of the source log are gifts, told again from the public contract."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zlib import crc32

import msgspec

from app.audit.options import AuditOptions
from schemas.dead_letter import Reason
from schemas.gift import GiftEvent
from schemas.ids import MAX_VALUE

MAX_BYTES: Final = 16 * 1024
FIRST_EVENT_MS: Final = 1_420_070_400_000
"""2015-01-01T00:00:00Z; gifts on live streams are not older."""

MAX_AHEAD_MS: Final = 300_000
"""How far an event time may be ahead of the record's append time."""

REQUIRED: Final = tuple(f.encode_name for f in msgspec.structs.fields(GiftEvent) if f.required)
INTEGERS: Final = ("unit_value", "quantity", "event_time_ms", "total_value")
FLAGS: Final = ("paid", "anonymous")
NULLABLE: Final = {f.name for f in msgspec.structs.fields(GiftEvent) if f.default is None} | {"sender_id"}
IDS: Final = ("event_id", "stream_id", "channel_id", "sender_id", "gift_id", "streak_id", "recipient_id")


class SourceRecord(NamedTuple):
    """A record of the source topic; `timestamp` is its append time in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Admission:
    """Judges the records of one partition. `too_old` is left to the recount, which knows the watermark."""

    def __init__(self, options: AuditOptions, partition: int) -> None:
        self._quarantined = {o for p, o in options.quarantined if p == partition}
        self._belongs = _belongs_to(options, partition)
        self._decoder = msgspec.json.Decoder(GiftEvent)

    def judge(self, record: SourceRecord) -> GiftEvent | Reason:
        """Return the gift, or the reason why the record is a dead letter."""
        value = record.value
        if record.offset in self._quarantined:
            return "quarantined"
        if value is None:
            return "null_value"
        if len(value) > MAX_BYTES:
            return "too_large"
        if value.startswith(b"\x00"):
            return "confluent_framing"
        try:
            event = self._decoder.decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return why_undecodable(value)
        return _contradiction(event) or self._misplaced(event, record) or event

    def _misplaced(self, event: GiftEvent, record: SourceRecord) -> Reason | None:
        if not record.key or not _is_utf8(record.key):
            return "bad_key"
        if record.key != event.stream_id.encode():
            return "key_mismatch"
        if not self._belongs(record.key):
            return "wrong_partition"
        if not FIRST_EVENT_MS <= event.event_time_ms <= record.timestamp + MAX_AHEAD_MS:
            return "bad_time"
        return None


def _contradiction(event: GiftEvent) -> Reason | None:
    """Return what is wrong between the fields of an event whose fields are each valid."""
    if event.sender_id is None and not event.anonymous:
        return "missing_field"
    if event.phase != "single" and event.streak_id is None:
        return "missing_field"
    if event.anonymous and event.sender_id is not None:
        return "bad_id"
    owner = f"{event.platform}:"
    if not (event.event_id.startswith(owner) and event.stream_id.startswith(owner)):
        return "bad_id"
    if event.total_value is None and event.unit_value * event.quantity > MAX_VALUE:
        return "out_of_range"
    return None


def why_undecodable(value: bytes) -> Reason:
    """Name the first reason of the closed list that holds for bytes that are no GiftEvent."""
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return "not_json"
    if not isinstance(document, dict):
        return "bad_type"
    if any(name not in document for name in REQUIRED):
        return "missing_field"
    given = (name for name in GiftEvent.__struct_fields__ if name in document)
    if any(not _has_its_type(name, document[name]) for name in given):
        return "bad_type"
    return "bad_id" if _only_ids_are_wrong(document) else "out_of_range"


def _has_its_type(name: str, value: Any) -> bool:
    if value is None:
        return name in NULLABLE
    if name in INTEGERS:
        return type(value) is int
    return type(value) is bool if name in FLAGS else isinstance(value, str)


def _only_ids_are_wrong(document: dict[str, Any]) -> bool:
    """Say whether the event would do if each id were a good one."""
    repaired = document | {name: "x" for name in IDS if document.get(name) is not None}
    try:
        msgspec.convert(repaired, GiftEvent)
    except msgspec.ValidationError:
        return False
    return True


def _is_utf8(key: bytes) -> bool:
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


def _belongs_to(options: AuditOptions, partition: int) -> Callable[[bytes], bool]:
    if options.partitioner == "any":
        return lambda key: True
    number = crc32 if options.partitioner == "crc32" else murmur2

    @lru_cache(maxsize=100_000)
    def belongs(key: bytes) -> bool:
        return number(key) % options.partitions == partition

    return belongs


def murmur2(key: bytes) -> int:
    """Return MurmurHash2 as Kafka's Java client hashes a key: with its seed, and without the sign bit."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(key)
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    if rest := key[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return (h ^ (h >> 15)) & 0x7FFFFFFF
