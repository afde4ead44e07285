"""Each reason of the closed list of dead letters, and the partitioners."""

from zlib import crc32

import orjson
import pytest

from app.audit.admission import Admission, SourceRecord, murmur2
from app.audit.options import AuditOptions
from schemas.gift import GiftEvent
from tests.audit.small_log import NOON, OPTIONS, Json, gift, record

KEY = b"tiktok:s"


def judge(value: bytes | None, key: bytes | None = KEY, timestamp: int = NOON, offset: int = 7) -> object:
    return Admission(OPTIONS, 0).judge(SourceRecord(offset, timestamp, key, value))


def judge_gift(**fields: object) -> object:
    return judge(orjson.dumps(gift(**fields)))  # type: ignore[arg-type]


def without(name: str) -> Json:
    return {field: value for field, value in gift().items() if field != name}


def test_a_gift_is_admitted() -> None:
    assert isinstance(judge_gift(), GiftEvent)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "null_value"),
        (b"{" + b" " * 16_384, "too_large"),
        (b"\x00\x00\x00\x00\x01{}", "confluent_framing"),
        (b"", "not_json"),
        (b"nonsense", "not_json"),
        (b'{"event_id":', "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 16_000, "not_json"),
        (b"\xef\xbb\xbf" + orjson.dumps(gift()), "not_json"),
        (orjson.dumps(gift()).decode().encode("utf-16"), "not_json"),
        (orjson.dumps(gift(sender_name="Ann")).replace(b"Ann", b"\\ud800"), "not_json"),
        (orjson.dumps(gift()).replace(b'"quantity":1', b'"quantity":NaN'), "not_json"),
        (orjson.dumps(gift()).replace(b'"quantity":1', b'"quantity":1e999'), "bad_type"),
        (orjson.dumps(gift()).replace(b'"quantity":1', b'"quantity":' + b"9" * 5_000), "out_of_range"),
        (b'{"quantity":"x",' + orjson.dumps(gift())[1:], "bad_type"),
        (b"[]", "bad_type"),
        (b'"text"', "bad_type"),
        (b"{}", "missing_field"),
        (orjson.dumps(without("gift_id")), "missing_field"),
        (orjson.dumps(without("sender_id")), "missing_field"),
    ],
)
def test_values_that_are_no_gift(value: bytes | None, reason: str) -> None:
    assert judge(value) == reason


def test_a_value_of_16_kib_is_not_too_large() -> None:
    value = orjson.dumps(gift())
    assert isinstance(judge(value + b" " * (16_384 - len(value))), GiftEvent)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sender_id": None}, "missing_field"),
        ({"phase": "streak_update"}, "missing_field"),
        ({"phase": "streak_end"}, "missing_field"),
        ({"sender_id": None, "quantity": "1"}, "missing_field"),
        ({"anonymous": True, "unit_value": 10**12, "quantity": 2}, "out_of_range"),
        ({"anonymous": True, "kind": "envelope"}, "out_of_range"),
        ({"quantity": "1"}, "bad_type"),
        ({"quantity": 1.0}, "bad_type"),
        ({"quantity": True}, "bad_type"),
        ({"quantity": None}, "bad_type"),
        ({"paid": None}, "bad_type"),
        ({"sender_name": 7}, "bad_type"),
        ({"gift_id": None}, "bad_type"),
        ({"quantity": 0}, "out_of_range"),
        ({"unit_value": -1}, "out_of_range"),
        ({"total_value": 10**12 + 1}, "out_of_range"),
        ({"unit_value": 10**12, "quantity": 2}, "out_of_range"),
        ({"value_unit": "euro"}, "out_of_range"),
        ({"value_unit": "minor:eur"}, "out_of_range"),
        ({"platform": "myspace"}, "out_of_range"),
        ({"phase": "middle"}, "out_of_range"),
        ({"kind": "envelope"}, "out_of_range"),
        ({"region": "not a region"}, "out_of_range"),
        ({"gift_id": ""}, "bad_id"),
        ({"gift_id": "a|b"}, "bad_id"),
        ({"gift_id": "a b"}, "bad_id"),
        ({"gift_id": "rose\n"}, "bad_id"),
        ({"sender_id": "é"}, "bad_id"),
        ({"gift_id": "g" * 129}, "bad_id"),
        ({"platform": "kick"}, "bad_id"),
        ({"anonymous": True}, "bad_id"),
    ],
)
def test_fields_that_are_wrong(fields: Json, reason: str) -> None:
    assert judge_gift(**fields) == reason


@pytest.mark.parametrize(
    "fields",
    [
        {"sender_id": None, "anonymous": True},
        {"unit_value": 10**12, "quantity": 2, "total_value": 10**12},
        {"value_unit": "minor:EUR"},
        {"gift_id": "g" * 128},
        {"something_new": [1, 2]},
    ],
)
def test_unusual_gifts_that_are_right(fields: Json) -> None:
    assert isinstance(judge_gift(**fields), GiftEvent)


@pytest.mark.parametrize(
    ("key", "reason"),
    [(None, "bad_key"), (b"", "bad_key"), (b"\xff", "bad_key"), (b"tiktok:other", "key_mismatch")],
)
def test_keys(key: bytes | None, reason: str) -> None:
    assert judge(orjson.dumps(gift()), key) == reason


@pytest.mark.parametrize(
    ("time", "appended", "admitted"),
    [
        (NOON + 300_000, NOON, True),
        (NOON + 300_001, NOON, False),
        (1_420_070_400_000, NOON, True),
        (1_420_070_399_999, NOON, False),
        (10**30, NOON, False),
    ],
)
def test_event_times(time: int, appended: int, admitted: bool) -> None:
    value = orjson.dumps(gift(at=0)).replace(b'"event_time_ms":0', b'"event_time_ms":%d' % time)
    verdict = judge(value, timestamp=appended)
    assert isinstance(verdict, GiftEvent) if admitted else verdict == "bad_time"


def test_a_quarantined_record_is_not_looked_at() -> None:
    options = AuditOptions(partitioner="any", quarantined=frozenset({(0, 7), (1, 8)}))
    admission = Admission(options, 0)
    assert admission.judge(record(7, gift())) == "quarantined"
    assert isinstance(admission.judge(record(8, gift())), GiftEvent)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_that_of_the_java_client(key: bytes, expected: int) -> None:
    """The values are those of Kafka's own UtilsTest."""
    assert murmur2(key) == expected & 0x7FFFFFFF


@pytest.mark.parametrize(("partitioner", "home"), [("murmur2", murmur2(KEY) % 4), ("crc32", crc32(KEY) % 4)])
def test_a_key_belongs_to_one_partition(partitioner: str, home: int) -> None:
    for partition in range(4):
        verdict = Admission(AuditOptions(partitioner=partitioner), partition).judge(record(0, gift()))  # type: ignore[arg-type]
        assert isinstance(verdict, GiftEvent) if partition == home else verdict == "wrong_partition"
