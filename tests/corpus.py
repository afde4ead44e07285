"""Hostile records, one list for all tests: each becomes a dead letter of its reason and changes nothing else.

ODD holds the other side: records that look wrong and must be counted. Of the closed list of reasons,
`quarantined` and `too_old` depend on more than the record; functions of these names build them.
"""

from dataclasses import dataclass
from typing import Any, Final

from schemas.dead_letter import Reason
from schemas.ids import MAX_QUANTITY, MAX_VALUE
from tests.builders import AT, HOME, STREAM, as_json, gift

MIB: Final = 1024 * 1024
YEAR_1970: Final = 86_400_000
YEAR_2100: Final = 4_102_444_800_000
CRC32_STREAM: Final = "tiktok:s4"
"""Among PARTITIONS, murmur2 puts it in 1 and crc32 in 3."""

CRC32_HOME: Final = 3
NOBODYS: Final = 2


@dataclass(frozen=True, slots=True)
class Odd:
    """A record that must be accepted, though it looks wrong. `timestamp` is its append time."""

    name: str
    value: bytes
    timestamp: int = AT


@dataclass(frozen=True, slots=True)
class Hostile:
    """A record that must be refused with `reason`, when it stands in `partition` of PARTITIONS."""

    name: str
    reason: Reason
    value: bytes | None
    key: bytes | None = STREAM.encode()
    partition: int = HOME
    timestamp: int = AT


def hostile(at: int = AT) -> list[Hostile]:
    """Return one of each kind, with event and append times at `at` (ms), where the kind is not about time."""
    return [*_not_json(at), *_no_fields(at), *_types(at), *_ranges(at), *_ids(at), *_records(at), *_times(at)]


def odd(at: int = AT) -> list[Odd]:
    """Return valid events of STREAM that a careless reader would refuse."""

    def made(**fields: Any) -> bytes:
        return _event(at, **fields)

    plain = made()
    values = {
        "unknown fields": made(colour="red", nested={"a": [1, {"b": None}]}),
        "unknown field beyond int64": _with(plain, b'"x":123456789012345678901234567890'),
        "unknown field nested 200 deep": _with(plain, b'"x":' + b"[" * 200 + b"]" * 200),
        "brackets in a name": made(sender_name="[" * 9000),
        "unicode names": made(sender_name="😀 Ångström", gift_name="玫瑰", channel_name="\u202eabc"),
        "escaped surrogate pair": _with(plain, b'"gift_name":"\\ud83d\\ude00"'),
        "escaped field name": plain.replace(b'"gift_id"', b'"\\u0067ift_id"'),
        "NUL in a name": made(sender_name="a\0b"),
        "empty name": made(sender_name=""),
        "name of 10,000 characters": made(sender_name="n" * 10_000),
        "largest unit value": made(unit_value=MAX_VALUE),
        "largest quantity": made(unit_value=1, quantity=MAX_QUANTITY),
        "largest product": made(unit_value=1_000, quantity=MAX_QUANTITY),
        "product over the bound, but a total": made(unit_value=MAX_VALUE, quantity=9, total_value=MAX_VALUE),
        "worth nothing": made(unit_value=0),
        "negative zero": plain.replace(b'"unit_value":5', b'"unit_value":-0'),
        "total of nothing": made(total_value=0),
        "unpaid": made(paid=False),
        "optional fields null": made(streak_id=None, recipient_id=None, region=None, total_value=None, gift_name=None),
        "streak id on a single gift": made(streak_id="k9"),
        "id of 128 characters": made(gift_id="g" * 128),
        "id of punctuation": made(gift_id="!\"#$%&'()*+,-./:;<=>?@[\\]^_`{}~"),
        "anonymous": _event(at, sender_id=None, anonymous=True),
        "currency": made(value_unit="minor:JPY"),
        "white space around": b" \r\n\t" + plain + b"\n\n",
        "white space to the size bound": plain.ljust(16_384),
        "field given twice, rightly": _with(plain, b'"unit_value":7'),
    }
    return [Odd(name, value, at) for name, value in values.items()]


def too_old(watermark_ms: int, horizon_ms: int, **overrides: Any) -> dict[str, Any]:
    """Return an event one ms older than what is admitted; overrides as for `gift`."""
    return gift(at=watermark_ms - horizon_ms - 1, **overrides)


def quarantined() -> Hostile:
    """Return a record with nothing wrong, to be refused because its offset is named."""
    return Hostile("named by the operator", "quarantined", as_json(gift()))


def _event(at: int, **fields: Any) -> bytes:
    return as_json(gift(at=at, **fields))


def _without(at: int, *names: str, **fields: Any) -> bytes:
    return as_json({name: value for name, value in gift(at=at, **fields).items() if name not in names})


def _with(event: bytes, member: bytes) -> bytes:
    """Append raw JSON text as the last member of an encoded event."""
    return event[:-1] + b"," + member + b"}"


def _not_json(at: int) -> list[Hostile]:
    event = _event(at, sender_name="Ann")
    values = {
        "empty": b"",
        "white space": b" \n",
        "words": b"hello",
        "cut off": event[:-20],
        "trailing garbage": event + b"x",
        "two events": event + event,
        "trailing comma": event[:-1] + b",}",
        "comment": event + b"// by hand",
        "single quotes": event.replace(b'"', b"'"),
        "byte order mark": b"\xef\xbb\xbf" + event,
        "UTF-16": event.decode().encode("utf-16"),
        "gzip": b"\x1f\x8b\x08" + event,
        "invalid UTF-8": event.replace(b"Ann", b"\xff\xfe"),
        "overlong UTF-8": event.replace(b"Ann", b"\xc0\x80"),
        "UTF-8 surrogate": event.replace(b"Ann", b"\xed\xa0\x80"),
        "lone surrogate": event.replace(b"Ann", b"\\ud800"),
        "lone low surrogate": event.replace(b"Ann", b"\\udc00"),
        "raw control character": event.replace(b"Ann", b"A\x01"),
        "raw NUL": event.replace(b"Ann", b"A\x00"),
        "NaN": event.replace(b'"quantity":1', b'"quantity":NaN'),
        "Infinity": _with(event, b'"x":-Infinity'),
        "leading zero": event.replace(b'"quantity":1', b'"quantity":01'),
        "only brackets": b"[" * 16_000,
        "only objects": b'{"x":' * 3_000,
        "unknown field nested 300 deep": _with(event, b'"x":' + b"[" * 300 + b"]" * 300),
        "unknown field nested 7,000 deep": _with(event, b'"x":' + b"[" * 7_000 + b"]" * 7_000),
    }
    return [Hostile(name, "not_json", value) for name, value in values.items()]


def _no_fields(at: int) -> list[Hostile]:
    required = [name for name in gift() if name != "anonymous"]
    values = {f"no {name}": _without(at, name) for name in required} | {
        "empty object": b"{}",
        "another object": b'{"user":"ann","coins":5}',
        "no sender, not anonymous": _event(at, sender_id=None),
        "anonymous without sender_id": _without(at, "sender_id", sender=None),
        "streak update without streak": _without(at, "streak_id", phase="streak_update"),
        "streak end with null streak": _event(at, phase="streak_end", streak_id=None),
        "missing before wrong": _without(at, "gift_id", quantity="x", value_unit="gold", channel_id=""),
    }
    return [Hostile(name, "missing_field", value) for name, value in values.items()]


def _types(at: int) -> list[Hostile]:
    plain = _event(at)
    fields: dict[str, dict[str, Any]] = {
        "bool as int": {"quantity": True},
        "float as int": {"quantity": 3.0},
        "fraction as int": {"unit_value": 0.5},
        "string as int": {"unit_value": "5"},
        "int as string": {"gift_id": 5655},
        "int as bool": {"paid": 1},
        "string as bool": {"paid": "false"},
        "null as bool": {"anonymous": None},
        "null as id": {"channel_id": None},
        "null as kind": {"kind": None},
        "number as platform": {"platform": 1},
        "number as phase": {"phase": 0},
        "array as name": {"sender_name": ["Ann"]},
        "object as sender": {"sender_id": {"id": "u1"}},
        "date as time": {"event_time_ms": "2025-10-09T09:00:00Z"},
        "nested in a known field": {"gift_name": [[[[]]]]},
        "wrong type before out of range": {"quantity": "x", "unit_value": -1, "gift_id": ""},
    }
    values = {name: _event(at, **field) for name, field in fields.items()} | {
        "exponent as int": plain.replace(b'"quantity":1', b'"quantity":1e2'),
        "null": b"null",
        "array": b"[" + plain + b"]",
        "string": b'"gift"',
        "number": b"5",
        "field given twice, first wrongly": b'{"quantity":"x",' + plain[1:],
        "field given twice, then wrongly": _with(plain, b'"quantity":"x"'),
    }
    return [Hostile(name, "bad_type", value) for name, value in values.items()]


def _ranges(at: int) -> list[Hostile]:
    fields: dict[str, dict[str, Any]] = {
        "negative value": {"unit_value": -1},
        "value too large": {"unit_value": MAX_VALUE + 1},
        "value beyond int64": {"unit_value": 2**63},
        "value beyond uint64": {"unit_value": 2**64},
        "quantity of none": {"quantity": 0},
        "negative quantity": {"quantity": -3},
        "quantity too large": {"quantity": MAX_QUANTITY + 1},
        "negative total": {"total_value": -1},
        "total too large": {"total_value": MAX_VALUE + 1},
        "product too large": {"unit_value": MAX_VALUE, "quantity": 2},
        "unknown platform": {"platform": "myspace"},
        "platform in capitals": {"platform": "TikTok"},
        "unknown phase": {"phase": "combo"},
        "unknown kind": {"kind": "raid"},
        "unknown unit": {"value_unit": "gold"},
        "currency in small letters": {"value_unit": "minor:usd"},
        "newline after the unit": {"value_unit": "coin\n"},
        "empty region": {"region": ""},
        "region too long": {"region": "R" * 17},
        "region with |": {"region": "D|E"},
        "newline after the region": {"region": "DE\n"},
        "out of range before bad id": {"quantity": 0, "gift_id": ""},
    }
    values = {name: _event(at, **field) for name, field in fields.items()} | {
        "4,000 digits": _event(at).replace(b'"quantity":1', b'"quantity":' + b"9" * 4_000),
        "time of 10,000 digits": _event(at).replace(b"%d" % at, b"9" * 10_000),
    }
    return [Hostile(name, "out_of_range", value) for name, value in values.items()]


def _ids(at: int) -> list[Hostile]:
    fields: dict[str, dict[str, Any]] = {
        "empty id": {"gift_id": ""},
        "empty streak": {"phase": "streak_update", "streak_id": ""},
        "id of 129 characters": {"gift_id": "g" * 129},
        "id with space": {"channel_id": "c 1"},
        "id with |": {"sender_id": "u|1"},
        "id with NUL": {"sender_id": "u\0"},
        "id with DEL": {"recipient_id": "r\x7f"},
        "id not ASCII": {"gift_id": "rosé"},
        "newline after the event id": {"event_id": "tiktok:e1\n"},
        "newline after the sender": {"sender_id": "u1\n"},
        "newline after the streak": {"phase": "streak_end", "streak_id": "k1\n"},
        "event id without platform": {"event_id": "e1"},
        "event id of another platform": {"event_id": "twitch:e1"},
        "stream id without platform": {"stream_id": "s1"},
        "platform of neither": {"platform": "kick"},
        "anonymous with a sender": {"anonymous": True},
    }
    return [Hostile(name, "bad_id", _event(at, **field)) for name, field in fields.items()]


def _records(at: int) -> list[Hostile]:
    event, of_crc32 = _event(at), _event(at, stream=CRC32_STREAM)
    return [
        Hostile("null value", "null_value", None),
        Hostile("null value and key", "null_value", None, None),
        Hostile("one byte too large", "too_large", event.ljust(16_385)),
        Hostile("1 MiB", "too_large", _event(at, sender_name="n" * (MIB - 1_024))),
        Hostile("1 MiB of zero bytes", "too_large", bytes(MIB - 1_024)),
        Hostile("Confluent framing", "confluent_framing", b"\x00\x00\x00\x00\x01" + event),
        Hostile("zero byte", "confluent_framing", b"\x00"),
        Hostile("null key", "bad_key", event, None),
        Hostile("empty key", "bad_key", event, b""),
        Hostile("key not UTF-8", "bad_key", event, b"tiktok:\xff"),
        Hostile("key of another stream", "key_mismatch", event, b"tiktok:s2"),
        Hostile("key with newline", "key_mismatch", event, STREAM.encode() + b"\n"),
        Hostile("key as JSON", "key_mismatch", event, b'"tiktok:s1"'),
        Hostile("key of 1 MiB", "key_mismatch", event, b"k" * (MIB - 4_096)),
        Hostile("by crc32", "wrong_partition", of_crc32, CRC32_STREAM.encode(), CRC32_HOME),
        Hostile("by no hash", "wrong_partition", of_crc32, CRC32_STREAM.encode(), NOBODYS),
    ]


def _times(at: int) -> list[Hostile]:
    times = {
        "in 1970": YEAR_1970,
        "in seconds": at // 1_000,
        "in 2100": YEAR_2100,
        "in microseconds": at * 1_000,
        "negative time": -at,
        "time beyond int64": 2**63,
        "an hour ahead": at + 3_600_000,
    }
    return [Hostile(name, "bad_time", _event(time), timestamp=at) for name, time in times.items()]


HOSTILE: Final = hostile()
ODD: Final = odd()
