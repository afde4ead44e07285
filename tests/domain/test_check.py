"""One record becomes a gift event that may be counted, or a dead letter with its reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain import check as module
from agents.domain.check import FIRST_TIME_MS, KEYS_KEPT, MAX_AHEAD_MS, MAX_VALUE_BYTES, Checker
from agents.domain.event import Event
from agents.domain.partitioner import partition_of
from agents.domain.reject import DETAIL_CHARS, Rejected
from agents.domain.rules import Partitioner, Rules
from tests.builders import AT, HOME, STREAM, SimpleRecord, as_json, encoded, gift, record
from tests.corpus import CRC32_STREAM, HOSTILE, ODD, Hostile, Odd, quarantined

MURMUR2_HOME, CRC32_HOME = 1, 3


def checker(partition: int = HOME, partitioner: Partitioner = "murmur2", offsets: tuple[int, ...] = ()) -> Checker:
    return Checker(Rules(partitions=4, partitioner=partitioner), partition, frozenset(offsets))


def reason(result: Event | Rejected) -> str:
    return result.reason if isinstance(result, Rejected) else "accepted"


def test_a_good_record_becomes_its_event() -> None:
    event = checker().check(record(7, gift(event_id="tiktok:e", value=3, quantity=2)))
    assert isinstance(event, Event)
    assert (event.event_id, event.unit_value, event.quantity) == ("tiktok:e", 3, 2)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: f"{hostile.reason}: {hostile.name}")
def test_every_hostile_record_gets_its_reason(hostile: Hostile) -> None:
    seen = SimpleRecord(0, hostile.timestamp, hostile.key, hostile.value)
    result = checker(hostile.partition).check(seen)
    assert reason(result) == hostile.reason
    assert isinstance(result, Rejected)
    assert 0 < len(result.detail) <= DETAIL_CHARS


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_every_odd_record_is_accepted(odd: Odd) -> None:
    assert reason(checker().check(SimpleRecord(0, odd.timestamp, STREAM.encode(), odd.value))) == "accepted"


def test_hostile_records_leave_no_trace_in_the_checker() -> None:
    used = checker()
    for hostile in HOSTILE:
        used.check(SimpleRecord(0, hostile.timestamp, hostile.key, hostile.value))
    assert [reason(used.check(record(1, gift())))] == ["accepted"]
    assert set(used._keys) <= {STREAM.encode(), CRC32_STREAM.encode()}


def test_a_named_offset_is_quarantined_whatever_it_holds() -> None:
    named = checker(offsets=(5,))
    good = quarantined().value
    assert [reason(named.check(record(offset, good))) for offset in (4, 5, 6)] == [
        "accepted",
        "quarantined",
        "accepted",
    ]
    assert reason(named.check(SimpleRecord(5, AT, None, None))) == "quarantined"


def test_the_value_may_be_16_kib_and_no_byte_more() -> None:
    event = encoded()
    sizes = (MAX_VALUE_BYTES, MAX_VALUE_BYTES + 1)
    assert [reason(checker().check(record(0, event.ljust(size)))) for size in sizes] == [
        "accepted",
        "too_large",
    ]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (FIRST_TIME_MS - 1, "bad_time"),
        (FIRST_TIME_MS, "accepted"),
        (AT + MAX_AHEAD_MS, "accepted"),
        (AT + MAX_AHEAD_MS + 1, "bad_time"),
    ],
)
def test_event_time_is_from_2015_to_five_minutes_after_the_append(time: int, expected: str) -> None:
    assert reason(checker().check(record(0, gift(at=time), timestamp=AT))) == expected


def test_the_first_reason_wins() -> None:
    """Each repair brings out the next reason: value, then key, then partition, then time."""
    astray = checker(partition=CRC32_HOME)
    late = as_json(gift(stream=CRC32_STREAM, at=1))
    steps = [
        SimpleRecord(0, AT, None, as_json(gift(quantity=0, at=1))),
        SimpleRecord(0, AT, None, late),
        SimpleRecord(0, AT, b"other", late),
        SimpleRecord(0, AT, CRC32_STREAM.encode(), late),
    ]
    assert [reason(astray.check(step)) for step in steps] == [
        "out_of_range",
        "bad_key",
        "key_mismatch",
        "wrong_partition",
    ]
    assert reason(checker(partition=MURMUR2_HOME).check(steps[-1])) == "bad_time"


@pytest.mark.parametrize(
    ("partitioner", "accepted_in"),
    [("murmur2", {MURMUR2_HOME}), ("crc32", {CRC32_HOME}), ("any", {0, 1, 2, 3})],
)
def test_a_stream_is_accepted_only_where_the_partitioner_puts_it(
    partitioner: Partitioner, accepted_in: set[int]
) -> None:
    sent = record(0, gift(stream=CRC32_STREAM))
    results = {partition: reason(checker(partition, partitioner).check(sent)) for partition in range(4)}
    assert {partition for partition, result in results.items() if result == "accepted"} == accepted_in
    assert set(results.values()) <= {"accepted", "wrong_partition"}


@pytest.mark.parametrize(
    ("partition", "detail"),
    [
        (
            CRC32_HOME,
            "partition 3, put there by crc32; allowed: 1 of 4, by murmur2; "
            "set the producer's partitioner to murmur2, or GIFTSTREAM_PARTITIONER=crc32 for all",
        ),
        (
            2,
            "partition 2, put there by neither murmur2 nor crc32; allowed: 1 of 4, by murmur2; "
            "set the producer's partitioner to murmur2",
        ),
    ],
)
def test_a_wrong_partition_names_the_partitioner_seen_and_the_fix(partition: int, detail: str) -> None:
    sent = record(0, gift(stream=CRC32_STREAM))
    assert checker(partition).check(sent) == Rejected("wrong_partition", detail)


def test_a_partition_is_judged_once_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def counting(hashing: str, key: bytes, partitions: int) -> int:
        asked.append(key)
        return partition_of("murmur2", key, partitions)

    monkeypatch.setattr(module, "partition_of", counting)
    for partition in (MURMUR2_HOME, CRC32_HOME):
        once = checker(partition)
        verdicts = {reason(once.check(record(offset, gift(stream=CRC32_STREAM)))) for offset in range(5)}
        assert len(verdicts) == 1
    assert asked == [CRC32_STREAM.encode()] * 2


def test_the_memory_of_keys_is_bounded_and_changes_no_verdict() -> None:
    used = checker()
    for number in range(KEYS_KEPT + 20):
        stream = f"tiktok:s{number}"
        used._keys[stream.encode()] = (stream, None)
    for stream in [f"tiktok:s{number}" for number in range(20)] + [f"tiktok:t{number}" for number in range(20)]:
        used._keys.pop(stream.encode(), None)
        sent = record(0, gift(stream=stream))
        assert reason(used.check(sent)) == reason(checker().check(sent))
        assert len(used._keys) <= KEYS_KEPT


def test_a_known_key_does_not_excuse_another_stream() -> None:
    used = checker()
    good = record(0, gift())
    assert reason(used.check(good)) == "accepted"
    assert reason(used.check(replace(good, value=as_json(gift(stream="tiktok:s7"))))) == "key_mismatch"
    assert reason(used.check(good)) == "accepted"


@given(
    st.none() | st.binary() | st.just(STREAM.encode()),
    st.none() | st.binary(),
    st.integers(-1, 2**63 - 1),
)
def test_arbitrary_records_never_raise(key: bytes | None, value: bytes | None, timestamp: int) -> None:
    assert isinstance(checker().check(SimpleRecord(0, timestamp, key, value)), Rejected)


@given(st.none() | st.binary() | st.text().map(str.encode))
def test_only_the_stream_id_is_accepted_as_key(key: bytes | None) -> None:
    result = checker().check(SimpleRecord(0, AT, key, encoded()))
    assert (reason(result) == "accepted") is (key == STREAM.encode())
