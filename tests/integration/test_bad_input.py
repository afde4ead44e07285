"""Produce, boards, audit: a load with every fault, and every hostile record in three places of a batch."""

import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
import orjson
import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord

from agents.dead_letters import MAX_KEY_BYTES
from app.audit.report import Report
from app.load.answer import Answer
from schemas.board import GifterLeaderboard, StreamLeaderboard, StreamTotals
from schemas.dead_letter import KEPT_BYTES, MAX_WHOLE_BYTES, REASONS
from schemas.partial import Ledger
from schemas.spike import BigGift, SpikeUpdate
from tests.builders import HOME, STREAM, encoded
from tests.corpus import MIB, Hostile, hostile, odd
from tests.integration.harness import Pipeline, Place, assert_exact, headers, pipeline, reasons
from tests.integration.mixed_load import SIZES, Batch, past_load, send_batches, send_mixed
from tests.integration.waiting import until
from tests.integration.worker_process import Samples, WorkerProcess

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="module")]

MINUTE_MS = 60_000
COUNTERS = (
    "events_received_total",
    "events_processed_total",
    "events_rejected_total",
    "events_late_total",
    "events_deduplicated_total",
    "dead_letters_total",
    "leaderboard_updates_total",
    "spikes_detected_total",
    "rebalances_total",
    "gift_value_total",
    "gift_sends_total",
    "self_checks_total",
    "self_check_drift_total",
)
DURATIONS = (
    "event_processing_duration_seconds",
    "ingest_delay_seconds",
    "emit_latency_seconds",
    "commit_duration_seconds",
    "flush_duration_seconds",
    "produce_duration_seconds",
    "rebalance_duration_seconds",
    "table_recovery_duration_seconds",
)
GAUGES = (
    "consumer_lag_records",
    "consumer_lag_seconds",
    "watermark_timestamp_seconds",
    "last_event_timestamp_seconds",
    "table_keys",
    "dedup_cache_entries",
    "active_streams",
    "partitions_assigned",
    "worker_ready",
    "build_info",
)
PROMISED = (*COUNTERS, *(f"{name}_bucket" for name in DURATIONS), *GAUGES)
"""What a worker measures. The two counters of failures have no sample while nothing fails."""

SCHEMAS: dict[tuple[str, str | None], Any] = {
    ("stream-totals.v1", None): StreamTotals,
    ("leaderboards.gifters.v1", None): GifterLeaderboard,
    ("leaderboards.streams.v1", None): StreamLeaderboard,
    ("engagement-spikes.v1", "spike"): SpikeUpdate,
    ("engagement-spikes.v1", "big_gift"): BigGift,
}
"""By topic, and the value's kind where it has one."""


@dataclass(frozen=True)
class Story:
    """What was sent, and what the pipeline said of it. After the load came `odd` gifts, some of them twice."""

    answer: Answer
    hostile: dict[Place, Hostile]
    odd: int
    odd_again: int
    letters: dict[Place, ConsumerRecord]
    ledger: Ledger
    totals: dict[tuple[str, str], tuple[int, int]]
    report: Report
    metrics: Samples
    boards: dict[str, dict[str, list[dict[str, Any] | None]]]
    exit_code: int

    @property
    def sent(self) -> int:
        return self.answer.sent + len(self.hostile) + self.odd + self.odd_again


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(broker: Any) -> AsyncIterator[Story]:
    async with pipeline(broker.bootstrap) as one:
        worker = await one.worker()
        answer, placed = await send_mixed(one, past_load(rate=40, streams=200, gifters=2_000), hostile(_now_ms()))
        odd_ones = [each.value for each in odd(_now_ms() - 5 * MINUTE_MS)]
        different = len({orjson.loads(value)["event_id"] for value in odd_ones})
        await _send_home(one, odd_ones)
        await one.counted()
        names = one.topics
        yield Story(
            answer,
            placed,
            different,
            len(odd_ones) - different,
            await one.dead_letters(),
            await one.ledger(),
            await one.totals(),
            await one.audit(),
            await _all_metrics(worker),
            {topic.name: await one.history(topic.name) for topic in (names.totals, names.gifters, names.streams)}
            | {names.spikes.name: await one.history(names.spikes.name)},
            await worker.stop(),
        )


def _now_ms() -> int:
    return int(time.time() * 1000)


async def _all_metrics(worker: WorkerProcess) -> Samples:
    """Return the metrics once the table sizes are among them, which are looked at only every few seconds."""

    async def with_sizes() -> Samples | None:
        metrics = await worker.metrics()
        return metrics if metrics.get("giftstream_table_keys") else None

    return await until(with_sizes, "the metrics hold the table sizes")


async def _send_home(one: Pipeline, values: Sequence[bytes | None], compression: str = "zstd") -> int:
    """Send values of STREAM as one batch; return its base offset."""
    batch = Batch(HOME, [(STREAM.encode(), value) for value in values])
    async with one.producer(compression_type=compression, **SIZES) as producer:
        return (await send_batches(producer, one.settings.source_topic, [batch]))[0]


async def test_every_published_board_is_the_answer_for_its_position(story: Story) -> None:
    assert_exact(story.report)
    assert all(board.checked > 0 and board.unverifiable == 0 for board in story.report.boards.values())


async def test_the_sums_hold(story: Story) -> None:
    ledger, answer = story.ledger, story.answer
    assert ledger.counted == answer.counted + story.odd
    assert ledger.unchanged == answer.unchanged
    assert ledger.duplicates == answer.duplicates + story.odd_again
    assert ledger.dead_lettered == answer.dead_lettered + len(story.hostile)
    assert ledger.late == answer.late + story.odd
    assert ledger.counted + ledger.unchanged + ledger.duplicates + ledger.dead_lettered == story.sent
    assert 0 not in msgspec.structs.astuple(ledger)


async def test_totals_are_those_of_the_load(story: Story) -> None:
    found = {key: list(total) for key, total in story.totals.items() if key[0] != STREAM}
    assert found == story.answer.totals
    assert (STREAM, "coin") in story.totals


async def test_each_hostile_record_is_a_dead_letter_of_its_reason(story: Story) -> None:
    found = {place: headers(story.letters[place])["reason"] for place in story.hostile if place in story.letters}
    assert found == {place: one.reason for place, one in story.hostile.items()}
    assert Counter(reasons(story.letters.values())) == Counter(story.answer.dead_letters) + Counter(found.values())


async def test_a_dead_letter_has_the_bytes_as_they_came(story: Story) -> None:
    for place, one in story.hostile.items():
        letter = story.letters[place]
        told = headers(letter)
        assert (told["topic"], letter.partition) == (letter.topic.replace("gifts.dead-letter.v1", "gifts.v1"), place[0])
        assert told["detail"]
        if one.value is None:
            assert not letter.value
        elif len(one.value) > MAX_WHOLE_BYTES:
            assert letter.value == one.value[:KEPT_BYTES]
            assert (told["size"], told["sha256"]) == (str(len(one.value)), sha256(one.value).hexdigest())
        else:
            assert letter.value == one.value
            assert "size" not in told
        assert letter.key == (None if one.key is None else one.key[:MAX_KEY_BYTES])


async def test_each_value_is_of_its_schema(story: Story) -> None:
    for topic, histories in story.boards.items():
        values = [value for history in histories.values() for value in history if value is not None]
        assert values, topic
        for value in values:
            msgspec.convert(value, SCHEMAS[topic.partition(".")[2], value.get("kind")])


async def test_a_revision_never_falls(story: Story) -> None:
    for topic, histories in story.boards.items():
        if not topic.endswith("spikes.v1"):
            for history in histories.values():
                revisions = [board["revision"] for board in history if board is not None]
                assert revisions == sorted(set(revisions))


async def test_the_counters_sum_to_what_was_sent(story: Story) -> None:
    metrics = story.metrics
    refused = Counter(reasons(story.letters.values()))
    assert sum(metrics["giftstream_events_received_total"].values()) == story.sent
    assert sum(metrics["giftstream_events_processed_total"].values()) == story.sent
    assert metrics["giftstream_events_processed_total"]["unchanged",] == story.ledger.unchanged
    assert metrics["giftstream_events_processed_total"]["late",] == story.ledger.late
    assert sum(metrics["giftstream_events_deduplicated_total"].values()) == story.ledger.duplicates
    assert metrics["giftstream_events_late_total"]["dropped",] == refused["too_old"]
    for name in ("giftstream_events_rejected_total", "giftstream_dead_letters_total"):
        assert {reason: metrics[name][reason,] for reason in REASONS} == {each: refused[each] for each in REASONS}


async def test_every_metric_that_is_promised_is_there(story: Story) -> None:
    assert {name for name in PROMISED if not story.metrics.get(f"giftstream_{name}")} == set()
    for name in story.metrics:
        assert name.startswith(("giftstream_", "python_", "process_")), name


async def test_the_durations_were_measured(story: Story) -> None:
    for name in DURATIONS:
        assert sum(story.metrics[f"giftstream_{name}_count"].values()) > 0, name


async def test_the_gauges_say_how_it_stands(story: Story) -> None:
    metrics = story.metrics
    assert set(metrics["giftstream_consumer_lag_records"].values()) == {0.0}
    assert sum(metrics["giftstream_partitions_assigned"].values()) == 4
    assert metrics["giftstream_worker_ready"] == {(): 1.0}
    assert sum(metrics["giftstream_spikes_detected_total"].values()) == story.ledger.spikes + story.ledger.big_gifts


async def test_the_worker_ends_well(story: Story) -> None:
    assert story.exit_code == 0


async def test_a_value_of_any_size_stops_nothing(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as one:
        await one.alter(one.topics.gifts, max__message__bytes=str(4 * MIB))
        await one.worker()
        noise, zeros = os.urandom(MIB), bytes(20 * MIB)
        good = [encoded(at=_now_ms()) for _ in range(4)]
        await _send_home(one, [good[0], noise, good[1]])
        at = await _send_home(one, [good[2], zeros, good[3]])
        await one.counted()

        letters = await one.dead_letters()
        assert {place: headers(letter)["reason"] for place, letter in letters.items()} == {
            (HOME, 1): "too_large",
            (HOME, at + 1): "too_large",
        }
        told = headers(letters[HOME, at + 1])
        assert (told["size"], told["sha256"]) == (str(len(zeros)), sha256(zeros).hexdigest())
        assert await one.totals() == {(STREAM, "coin"): (20, 4)}
        assert_exact(await one.audit())
