"""The engagement of a partition: what is told, and that it depends on the records and their order only."""

import time
from collections.abc import Container, Iterable, Iterator
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.detector import evaluate
from agents.domain.engagement import BUCKET_MS, FORGET_AFTER, BucketTally, Engagement, begin, forgotten, note
from agents.domain.rules import Rules
from agents.domain.small_rows import Outgoing
from agents.domain.spikes import Spikes
from agents.domain.tables import FAMILIES
from app.engine.changelog import RowLoader, changed_rows
from app.engine.rows import Family
from schemas.gift import GiftEvent
from schemas.spike import BigGift, SpikeUpdate
from tests.domain.events import checked

START = 1_700_000_000_000
STREAM = "tiktok:stream"


def gift(
    time_ms: int, sender: str | None = "ana", *, stream: str = STREAM, unit: str = "coin", number: int = 0
) -> GiftEvent:
    return GiftEvent(
        event_id=f"tiktok:{number}",
        platform="tiktok",
        stream_id=stream,
        channel_id="c",
        sender_id=sender,
        gift_id="rose",
        unit_value=1,
        value_unit=unit,
        quantity=1,
        event_time_ms=time_ms,
        phase="single",
        anonymous=sender is None,
        sender_name="Ana",
    )


def family(name: str) -> Family[Any]:
    kind = FAMILIES[name]
    return Family(kind.tag, kind.row_type, version=kind.version, older=kind.older)


class Partition:
    """One partition's spikes with its families, a watermark, and all that was told."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.outbox = Family("o", Outgoing)
        self.watermark = 0
        self.offset = 0
        self.told: list[bytes] = []
        self.started = 0
        """Spikes up to the last cut."""

        self.changelog: dict[bytes, bytes | None] = {}
        self.begin()

    def begin(self) -> None:
        """Begin with the rows that the changelog has kept."""
        self.engagement: Family[Engagement] = family("engagement")
        self.tallies: Family[BucketTally] = family("tallies")
        RowLoader([self.engagement, self.tallies]).load(self.changelog.items())
        self.spikes = Spikes(self.rules, 3, self.engagement, self.tallies, self.outbox)
        self.spikes.restore()

    def cut(self) -> None:
        """Keep the rows that are told to have changed."""
        self.started += self.spikes.cut()
        self.changelog |= changed_rows([self.engagement, self.tallies])

    def send(self, event: GiftEvent, quantity: int = 1, value: int = 1) -> int:
        """Apply one record. Returns the big gifts found."""
        self.spikes.advance(self.watermark, self.offset)
        big = self.spikes.observe(checked(event), quantity, value, self.offset, self.watermark)
        self.watermark = max(self.watermark, event.event_time_ms)
        self.offset += 1
        for group in list(self.outbox.changed):
            row = self.outbox.get(group)
            if row is not None:
                self.told.append(row.payload)
                self.outbox.delete(group)
        self.outbox.changed.clear()
        return big

    def restart(self) -> None:
        """Go on in a new process, with all rows kept."""
        self.cut()
        self.begin()

    def outcome(self) -> tuple[list[bytes], int]:
        """Return all that was told, and how many spikes started."""
        self.cut()
        return self.told, self.started

    def pass_by(self, time_ms: int) -> None:
        """Let the watermark pass `time_ms`, by gifts to another stream."""
        for _ in range(2):
            self.send(gift(time_ms, stream="tiktok:other"))

    def updates(self) -> list[SpikeUpdate]:
        return [msgspec.json.decode(told, type=SpikeUpdate) for told in self.told]

    def spike(self, begin_ms: int, seconds: int = 30) -> None:
        """Send a gift a second, each from another gifter."""
        for second in range(seconds):
            self.send(gift(begin_ms + 1_000 * second, f"gifter-{second}"), value=5)


def warm_partition() -> Partition:
    partition = Partition()
    for minute in range(4):
        partition.send(gift(START + 60_000 * minute))
    return partition


def test_a_spike_is_told_with_all_that_explains_it() -> None:
    partition = warm_partition()
    partition.spike(START + 240_000)
    start = partition.updates()[0]
    assert (start.phase, start.stream_id, start.cause) == ("start", STREAM, None)
    assert start.severity == 1 + (start.score > 5) + (start.score > 8)
    assert start.spike_id == f"{STREAM}|spike|{start.started_ms}"
    assert start.started_ms == start.as_of_ms
    assert start.gifters == start.peak_gifters
    assert start.score >= 3
    assert start.expected < start.gifters
    assert start.position.topic == "gifts.v1"
    assert start.sends == start.position.offsets["3"] - 4, "every record before that position, but the four of old"
    assert len(start.top) == 3
    partition.cut()
    assert partition.started == 1


def test_a_spike_is_told_to_its_end_under_one_id() -> None:
    partition = warm_partition()
    partition.spike(START + 240_000)
    partition.pass_by(START + 500_000)
    updates = partition.updates()
    assert len({update.spike_id for update in updates}) == 1
    assert [updates[0].phase, updates[-1].phase] == ["start", "end"]
    assert {update.phase for update in updates[1:-1]} == {"peak"}
    assert updates[-1].values == {"coin": 150}
    assert updates[-1].peak_gifters >= 30


def test_the_fields_are_written_in_the_order_of_the_schema() -> None:
    partition = warm_partition()
    partition.spike(START + 240_000)
    partition.send(gift(START + 280_000), value=1_000)
    *_, update, big = partition.told
    assert list(msgspec.json.decode(update)) == [one.name for one in msgspec.structs.fields(SpikeUpdate)]
    assert list(msgspec.json.decode(big)) == [one.name for one in msgspec.structs.fields(BigGift)]


def test_units_are_not_added_together() -> None:
    partition = warm_partition()
    partition.spike(START + 240_000)
    partition.send(gift(START + 271_000, unit="bit"), value=7)
    partition.pass_by(START + 500_000)
    assert partition.updates()[-1].values == {"coin": 150, "bit": 7}


def test_all_who_are_unknown_count_as_one_and_are_not_named() -> None:
    partition = warm_partition()
    for second in range(30):
        partition.send(gift(START + 240_000 + 1_000 * second, None))
    assert partition.told == []
    partition.spike(START + 270_000)
    assert all(one.id for update in partition.updates() for one in update.top)


@pytest.mark.parametrize(
    ("unit", "value", "found"),
    [
        ("coin", 999, 0),
        ("coin", 1_000, 1),
        ("gold_seed", 99_999, 0),
        ("gold_seed", 100_000, 1),
        ("minor:EUR", 1_000, 1),
        ("minor:JPY", 999, 0),
    ],
)
def test_a_gift_is_big_from_its_units_threshold_on(unit: str, value: int, found: int) -> None:
    partition = Partition()
    assert partition.send(gift(START, unit=unit), quantity=2, value=value) == found
    assert len(partition.told) == found


def test_a_unit_without_a_threshold_has_no_big_gifts() -> None:
    assert Partition(Rules(big_gift={})).send(gift(START), value=10**12) == 0


def test_a_big_gift_is_told_as_it_was_given() -> None:
    partition = Partition()
    partition.send(gift(START, number=17), quantity=2, value=59_998)
    big = msgspec.json.decode(partition.told[0], type=BigGift)
    assert big.spike_id == f"{STREAM}|big_gift|tiktok:17"
    assert (big.sender_id, big.sender_name, big.gift_id, big.value, big.quantity) == ("ana", "Ana", "rose", 59_998, 2)
    assert big.position.offsets == {"3": 0}


def test_a_jump_of_the_watermark_ends_a_spike_when_it_was_over() -> None:
    partition = warm_partition()
    partition.spike(START + 240_000)
    partition.pass_by(START + 9_000_000)
    end = partition.updates()[-1]
    assert end.phase == "end"
    assert end.as_of_ms <= START + 240_000 + 30_000 + 90_000


def test_rows_of_forgotten_streams_are_deleted() -> None:
    partition = warm_partition()
    partition.pass_by(START + 180_000 + (FORGET_AFTER + 2) * BUCKET_MS)
    assert set(partition.engagement.groups) == set(partition.tallies.groups) == {"tiktok:other"}


def crowded(streams: int) -> Iterator[GiftEvent]:
    """Make gifts to many streams that all spike within the same five seconds, and then gifts to another one."""
    for minute in range(4):
        yield from (gift(START + 60_000 * minute, stream=f"tiktok:{number}") for number in range(streams))
    for second in range(30):
        at = START + 240_000 + 1_000 * second
        yield from (gift(at, f"gifter-{second}", stream=f"tiktok:{number}") for number in range(streams))
    yield from (gift(START + 290_000 + number, stream="tiktok:other") for number in range(500))


def test_when_very_many_streams_spike_at_once_one_record_tells_no_more_than_fits() -> None:
    partition = Partition()
    told = [0]
    for event in crowded(300):
        partition.send(event)
        told.append(len(partition.told))
    starts = [update.stream_id for update in partition.updates() if update.phase == "start"]
    assert sorted(starts) == sorted(f"tiktok:{number}" for number in range(300))
    most = max(after - before for before, after in pairwise(told))
    assert 10 < most < 40, "and the next records tell the others"
    partition.cut()
    assert partition.started == 300


def with_and_without_restarts(events: Iterable[GiftEvent], restarts: Container[int]) -> tuple[Partition, Partition]:
    """Return two partitions that got the events, the second one restarted before those of these numbers."""
    steady, restarted = Partition(), Partition()
    for number, event in enumerate(events):
        if number in restarts:
            restarted.restart()
        steady.send(event)
        restarted.send(event)
    return steady, restarted


def test_a_restart_while_very_many_spike_changes_nothing() -> None:
    steady, restarted = with_and_without_restarts(crowded(150), range(1_001, 10_000, 7))
    assert restarted.outcome() == steady.outcome()
    assert steady.started == 150


def test_very_many_forgotten_streams_are_deleted_a_few_a_record() -> None:
    partition = Partition()
    for number in range(1_000):
        partition.send(gift(START, stream=f"tiktok:{number}"))
    held, later = [], START + (FORGET_AFTER + 2) * BUCKET_MS
    while len(partition.engagement.groups) > 1:
        partition.send(gift(later, stream="tiktok:other"))
        held.append(len(partition.engagement.groups))
    assert 5 < len(held) < 50
    assert set(partition.engagement.groups) == set(partition.tallies.groups) == {"tiktok:other"}


def test_a_stream_that_is_given_to_again_before_it_was_deleted_is_kept() -> None:
    partition = Partition()
    for number in range(1_000):
        partition.send(gift(START, stream=f"tiktok:{number:03}"))
    later = START + (FORGET_AFTER + 2) * BUCKET_MS
    for stream in ("tiktok:other", "tiktok:other", "tiktok:000", *["tiktok:other"] * 50):
        partition.send(gift(later, stream=stream))
    assert set(partition.engagement.groups) == {"tiktok:other", "tiktok:000"}


def test_a_jump_of_years_costs_quiet_streams_nothing() -> None:
    partition = Partition()
    for number in range(100):
        partition.send(gift(START, stream=f"tiktok:{number}"))
    began = time.process_time()
    for year in range(1, 4):
        partition.send(gift(START + year * 31_536_000_000, stream="tiktok:0"))
    assert time.process_time() - began < 0.5


def arrivals(seed: int) -> Iterator[GiftEvent]:
    """Make gifts to three streams, in fits and starts, some late and some ahead of the watermark."""
    random = Random(seed)
    now = START
    for number in range(400):
        if number % 50 == 0:
            pace = random.choice([200, 500, 3_000, 20_000])
            crowd = random.choice([2, 5, 40])
        now += random.randrange(2 * pace)
        if random.random() < 0.01:
            now += random.choice([90_000, 130_000, 1_200_000, 8_000_000])
        skew = random.choice([0, 0, 0, 0, -3_000, -30_000, -70_000, 4_000, 30_000])
        sender = random.choice([None, *(f"gifter-{one}" for one in range(crowd))])
        yield gift(now + skew, sender, stream=f"tiktok:{random.randrange(3)}", number=number)


class Eager:
    """The same, evaluating every stream at every boundary: slow, and right by definition."""

    def __init__(self) -> None:
        self.rows: dict[str, Engagement] = {}
        self.watermark = 0
        self.told: list[tuple[str, str, int, int, int]] = []

    def send(self, event: GiftEvent, append_ms: int, offset: int) -> None:
        at = self.watermark // BUCKET_MS
        for stream, row in sorted(self.rows.items()):
            self._evaluate(stream, row, at, offset)
        self.rows = {stream: row for stream, row in self.rows.items() if not forgotten(row, at)}
        bucket = event.event_time_ms // BUCKET_MS
        row = self.rows.setdefault(event.stream_id, begin(bucket, at))
        note(row, event.sender_id or "", bucket, event.value_unit, 1, 1)
        self.watermark = max(self.watermark, min(event.event_time_ms, append_ms))

    def _evaluate(self, stream: str, row: Engagement, at: int, offset: int) -> None:
        if at - row.at > 2 * FORGET_AFTER:
            row.at = at
        while row.at < at:
            moment = evaluate(row, row.at + 1)
            if moment is not None:
                self.told.append((stream, moment.phase, moment.at, moment.gifters, offset))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_streams_that_sleep_miss_nothing(seed: int) -> None:
    eager = Eager()
    told: list[tuple[str, str, int, int, int]] = []

    class Told(Family[Outgoing]):
        def put(self, group: str, member: str, row: Outgoing, size: int = 0) -> None:
            one = msgspec.json.decode(row.payload, type=SpikeUpdate)
            told.append((one.stream_id, one.phase, one.as_of_ms // BUCKET_MS, one.gifters, one.position.offsets["0"]))

    spikes = Spikes(Rules(), 0, Family("e", Engagement), Family("t", BucketTally), Told("o", Outgoing))
    watermark, append_ms = 0, 0
    for offset, event in enumerate(arrivals(seed)):
        append_ms = max(append_ms, event.event_time_ms - 4_000)
        spikes.advance(watermark, offset)
        spikes.observe(checked(event), 1, 1, offset, watermark)
        watermark = max(watermark, min(event.event_time_ms, append_ms))
        eager.send(event, append_ms, offset)
    assert told == eager.told


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sets(st.integers(0, 399), max_size=20))
def test_a_restart_changes_nothing(seed: int, restarts: set[int]) -> None:
    steady, restarted = with_and_without_restarts(arrivals(seed), restarts)
    assert restarted.outcome() == steady.outcome()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sets(st.integers(0, 399), max_size=40), st.sets(st.integers(0, 399), max_size=10))
def test_a_crash_changes_nothing_as_what_was_not_kept_is_done_again(
    seed: int, cuts: set[int], crashes: set[int]
) -> None:
    events = list(arrivals(seed))
    steady, crashed = Partition(), Partition()
    for event in events:
        steady.send(event)
    kept = (0, 0, 0, 0)
    while crashed.offset < len(events):
        if crashed.offset in cuts:
            crashed.cut()
            kept = (crashed.offset, crashed.watermark, crashed.started, len(crashed.told))
        if crashed.offset in crashes:
            crashes.discard(crashed.offset)
            crashed.offset, crashed.watermark, crashed.started, told = kept
            del crashed.told[told:]
            crashed.begin()
        crashed.send(events[crashed.offset])
    assert crashed.outcome() == steady.outcome()


def test_a_gift_writes_the_tally_of_its_bucket_alone() -> None:
    partition = Partition()
    for bucket in range(12):
        for number in range(100):
            partition.send(gift(START + bucket * BUCKET_MS, f"gifter-{number}"))
    partition.cut()
    before = dict(partition.changelog)
    partition.send(gift(START + 12 * BUCKET_MS))
    partition.cut()
    written = {key for key, value in partition.changelog.items() if value is not before.get(key)}
    assert written == {f"e{STREAM} ".encode(), f"t{STREAM} s12".encode()}


def buckets(partition: Partition) -> dict[str, int]:
    """Return the bucket that each slot holds, counted from START."""
    return {slot: tally.bucket - START // BUCKET_MS for slot, tally in partition.tallies.groups[STREAM].items()}


@pytest.mark.parametrize("restarts", [False, True])
def test_a_tally_takes_the_slot_of_one_that_has_left_the_minute(restarts: bool) -> None:
    partition = Partition()
    for bucket in (0, 1, 15, 16):
        partition.send(gift(START + bucket * BUCKET_MS))
        if restarts:
            partition.restart()
    assert len(buckets(partition)) == 3
    assert {15, 16} < set(buckets(partition).values())
    partition.send(gift(START + 40 * BUCKET_MS))
    partition.send(gift(START + 41 * BUCKET_MS))
    assert set(buckets(partition)) == {"s0", "s1", "s2"}
    assert {40, 41} < set(buckets(partition).values())


def test_slots_leave_no_tombstones_until_the_stream_is_forgotten() -> None:
    partition = Partition()
    for bucket in range(200):
        partition.send(gift(START + bucket * BUCKET_MS))
        partition.cut()
    slots = {key for key in partition.changelog if key[:1] == b"t"}
    assert len(slots) <= 14
    assert all(partition.changelog[key] for key in slots)
    partition.pass_by(START + (200 + FORGET_AFTER + 2) * BUCKET_MS)
    partition.cut()
    assert not any(partition.changelog[key] for key in slots)


def test_tallies_of_version_1_have_their_bucket_for_a_key_and_keep_it_as_their_slot() -> None:
    partition = Partition()
    for bucket in (0, 1, 15):
        partition.send(gift(START + bucket * BUCKET_MS))
    partition.cut()
    for slot, bucket in buckets(partition).items():
        *fields, at = partition.tallies.groups[STREAM][slot].pack()
        assert partition.changelog.pop(f"t{STREAM} {slot}".encode())
        partition.changelog[f"t{STREAM} {at}".encode()] = msgspec.msgpack.encode(fields)
        assert at == START // BUCKET_MS + bucket
    partition.restart()
    for bucket in (16, 17):
        partition.send(gift(START + bucket * BUCKET_MS))
    assert sorted(buckets(partition).values()) == [15, 16, 17]


def test_a_row_of_version_1_brings_its_tallies() -> None:
    bucket = START // BUCKET_MS
    fields = [bucket, bucket, bucket, bucket + 12, 0.25, 0.25, 0, 0, {bucket: [1, {"coin": 5}, {"ana": 1}]}, None]
    partition = Partition()
    partition.changelog[f"e{STREAM} ".encode()] = msgspec.msgpack.encode(fields)
    partition.begin()
    partition.send(gift(START, "bo"), value=5)
    partition.restart()
    [(_, _, row)] = partition.engagement
    assert row.recent[bucket].pack() == (2, {"coin": 10}, {"ana": 1, "bo": 1}, bucket)
    assert row.crowd == 2


def test_the_arrivals_above_do_spike() -> None:
    partition = Partition()
    for event in arrivals(1):
        partition.send(event)
    assert {update.phase for update in partition.updates()} == {"start", "peak", "end"}
