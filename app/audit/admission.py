"""Which records of the source log are gifts, told again from the public contract."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from re import compile
from typing import Any, Final, NamedTuple
from zlib import crc32

import msgspec
from msgspec.structs import asdict

from app.audit.options import AuditOptions
from schemas.dead_letter import Reason
from schemas.gift import GiftEvent
from schemas.ids import MAX_VALUE
from schemas.nesting import too_deep

MAX_BYTES: Final = 16 * 1024
FIRST_EVENT_MS: Final = 1_420_070_400_000
"""2015-01-01T00:00:00Z; gifts on live streams are not older."""

MAX_AHEAD_MS: Final = 300_000
"""How far an event time may be ahead of the record's append time."""

FIELDS: Final = {field.encode_name: field for field in msgspec.structs.fields(GiftEvent)}
REQUIRED: Final = tuple(name for name, field in FIELDS.items() if field.required)
INTEGERS: Final = ("unit_value", "quantity", "event_time_ms", "total_value")
FLAGS: Final = ("paid", "anonymous")
NULLABLE: Final = {name for name, field in FIELDS.items() if field.default is None} | {"sender_id"}
IDS: Final = ("event_id", "stream_id", "channel_id", "sender_id", "gift_id", "streak_id", "recipient_id")

_SHAPE_THEN_CONTENT: Final[tuple[Reason, ...]] = ("missing_field", "bad_type", "out_of_range", "bad_id")
_integer: Final = compile(rb"-?[0-9]+").fullmatch
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_decoders: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    name: msgspec.json.Decoder(field.type) for name, field in FIELDS.items()
}


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
        if too_deep(value):
            return "not_json"
        try:
            event = self._decoder.decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return why_no_gift(value)
        if any(_contradictions(asdict(event))):
            return why_no_gift(value)
        return self._misplaced(event, record) or event

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


def _contradictions(given: Mapping[str, Any]) -> Iterator[Reason]:
    """Yield what is wrong between fields that are each right, the first reason first. Others are not in `given`."""
    if given.get("sender_id", "") is None and given.get("anonymous") is False:
        yield "missing_field"
    if given.get("streak_id", "") is None and given.get("phase", "single") != "single":
        yield "missing_field"
    if given.get("total_value", 0) is None and given.get("unit_value", 0) * given.get("quantity", 0) > MAX_VALUE:
        yield "out_of_range"
    owner = f"{given.get('platform', '')}:"
    if "platform" in given and not all(given.get(id, owner).startswith(owner) for id in ("event_id", "stream_id")):
        yield "bad_id"
    if given.get("sender_id") is not None and given.get("anonymous") is True:
        yield "bad_id"


def why_no_gift(value: bytes) -> Reason:
    """Name the first reason of the closed list that holds for bytes that are no GiftEvent, or one at odds with itself.

    Of a field given twice the last counts; if that is right, a wrong one before it is a bad type.
    """
    try:
        document = _object.decode(value)
    except msgspec.ValidationError:
        return "bad_type"
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return "not_json"
    faults: list[Reason] = ["missing_field" for name in REQUIRED if name not in document]
    right: dict[str, Any] = {name: field.default for name, field in FIELDS.items() if not field.required}
    for name in FIELDS.keys() & document.keys():
        right.pop(name, None)
        try:
            right[name] = _decoders[name].decode(document[name])
        except msgspec.ValidationError:
            faults.append(_wrong(name, bytes(document[name]).strip()))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return "not_json"
    return min([*faults, *_contradictions(right)], key=_SHAPE_THEN_CONTENT.index, default="bad_type")


def _wrong(name: str, json: bytes) -> Reason:
    """Say why the JSON of a field's value will not do, by what it begins with."""
    begin = json[:1]
    if begin == b"n":
        is_type = name in NULLABLE
    elif name in INTEGERS:
        is_type = _integer(json) is not None
    else:
        is_type = begin in (b"t", b"f") if name in FLAGS else begin == b'"'
    return "bad_type" if not is_type else "bad_id" if name in IDS else "out_of_range"


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
