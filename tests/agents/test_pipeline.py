"""The whole pipeline in process: whatever is sent and whoever dies, what is published is exact."""

import json
from collections import Counter
from typing import Any, NamedTuple

import pytest

from agents.dead_letters import MAX_KEY_BYTES
from app.audit.report import Report
from app.load.simulation import Simulation
from schemas.dead_letter import HEADER_PREFIX, KEPT_BYTES
from tests.agents.fake_kafka import FencedOff
from tests.agents.in_process import NAMES, TOPICS, Pipeline
from tests.agents.scenario import HOUR, SECOND, Chaos, Sender, load, play, sent
from tests.builders import AT, HOME, STREAM, as_json, gift
from tests.corpus import odd, quarantined

BOARDS = list(NAMES.boards.values())


def sender(seed: int = 1, **options: Any) -> Sender:
    made = load(seed, **options)
    return Sender(Pipeline(made.start_ms), Simulation(made))


def assert_exact(report: Report) -> None:
    assert report.findings == []
    assert all(board.checked > 0 for board in report.boards.values())
    assert report.is_exact


def assert_told_once(pipeline: Pipeline) -> None:
    """No revision falls, and what was published twice for one position is equal to the byte."""
    for topic in BOARDS:
        revisions: dict[bytes | None, int] = {}
        values: dict[tuple[bytes | None, int], bytes] = {}
        for _, record in pipeline.records(topic):
            if record.value is not None:
                revision = json.loads(record.value)["revision"]
                assert revisions.get(record.key, 0) <= revision
                revisions[record.key] = revision
                assert values.setdefault((record.key, revision), record.value) == record.value


def assert_answered(load: Sender) -> None:
    """The ledgers add up to what was sent, the sums to what the load meant."""
    ledger, answer = load.pipeline.ledger(), load.simulation.answer
    assert ledger.counted + ledger.unchanged + ledger.duplicates + ledger.dead_lettered == sent(load.pipeline)
    assert (ledger.counted, ledger.unchanged, ledger.duplicates, ledger.late) == (
        answer.counted,
        answer.unchanged,
        answer.duplicates,
        answer.late,
    )
    assert ledger.dead_lettered == answer.dead_lettered + len(load.hostile)
    totals = load.pipeline.latest(TOPICS.totals)
    for (stream, unit), (value, sends) in answer.totals.items():
        board = json.loads(totals[f"{stream}|{unit}|stream|0"])
        assert (board["value"], board["sends"]) == (value, sends)


class Letter(NamedTuple):
    """What a dead letter says; whether its value was cut."""

    reason: str
    key: bytes
    value: bytes
    is_cut: bool


def assert_dead_letters(load: Sender) -> None:
    """Each bad record has its dead letter, with the bytes as they came, and no other record has one."""
    letters: dict[tuple[str, str, str], Letter] = {}
    for partition, record in load.pipeline.records(TOPICS.dead_letters):
        told = {name.removeprefix(HEADER_PREFIX): value.decode() for name, value in record.headers}
        assert told["partition"] == str(partition)
        letter = Letter(told["reason"], record.key or b"", record.value or b"", "sha256" in told)
        assert letters.setdefault((told["topic"], told["partition"], told["offset"]), letter) == letter
    reasons = Counter(load.simulation.answer.dead_letters) + Counter(each.reason for each in load.hostile.values())
    assert Counter(letter.reason for letter in letters.values()) == reasons
    for (partition, offset), each in load.hostile.items():
        assert letters[NAMES.source, str(partition), str(offset)].reason == each.reason
    for (_, number, at), letter in letters.items():
        [record] = load.pipeline.kafka.records(NAMES.source, int(number), int(at), 1)
        assert letter.value == (record.value or b"")[: KEPT_BYTES if letter.is_cut else None]
        assert letter.key == (record.key or b"")[:MAX_KEY_BYTES]


@pytest.mark.asyncio
async def test_a_load_with_every_fault_and_hostile_records_is_counted_exactly() -> None:
    load = sender()
    await play(load)
    assert_exact(load.pipeline.audit())
    assert_answered(load)
    assert_dead_letters(load)
    assert_told_once(load.pipeline)


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(4))
async def test_the_same_when_workers_die_and_partitions_move(seed: int) -> None:
    load = sender(seed, seconds=400)
    await play(load, Chaos(load.pipeline, seed))
    assert load.pipeline.deaths > 10
    assert_exact(load.pipeline.audit())
    assert_answered(load)
    assert_dead_letters(load)
    assert_told_once(load.pipeline)


@pytest.mark.asyncio
async def test_an_undisturbed_run_ends_with_the_same_boards() -> None:
    """Each gift is in the same boards at the same values, whoever died on the way."""
    disturbed, undisturbed = sender(9, seconds=300), sender(9, seconds=300)
    await play(disturbed, Chaos(disturbed.pipeline, 9))
    await play(undisturbed)
    for topic in [*BOARDS, TOPICS.spikes]:
        assert disturbed.pipeline.latest(topic) == undisturbed.pipeline.latest(topic)


@pytest.mark.asyncio
async def test_a_paused_worker_is_refused_once_another_has_taken_over() -> None:
    pipeline = Pipeline(AT)
    pipeline.send(HOME, STREAM.encode(), as_json(gift()))
    pipeline.assign()
    paused, other = sorted(pipeline.workers, key=lambda worker: HOME not in worker.partitions)
    await paused.read(HOME)
    other.take_over(HOME)
    with pytest.raises(FencedOff):
        await paused.partitions[HOME].flush()
    assert pipeline.latest(TOPICS.totals) == {}
    paused.kill()
    await pipeline.drain()
    assert_exact(pipeline.audit())


@pytest.mark.asyncio
async def test_odd_records_are_counted_and_a_named_one_is_not() -> None:
    pipeline = Pipeline(AT, quarantined=[(HOME, 0)])
    pipeline.send(HOME, STREAM.encode(), quarantined().value)
    values = [each.value for each in odd(AT)]
    events = {json.loads(value)["event_id"] for value in values}
    for value in values:
        pipeline.send(HOME, STREAM.encode(), value)
    await pipeline.drain()
    [(_, letter)] = pipeline.records(TOPICS.dead_letters)
    assert dict(letter.headers)["giftstream.reason"] == b"quarantined"
    ledger = pipeline.ledger()
    assert (ledger.counted, ledger.duplicates) == (len(events), len(values) - len(events))
    assert ledger.dead_lettered == 1
    assert_exact(pipeline.audit())


@pytest.mark.asyncio
async def test_a_throttled_backlog_ends_with_the_boards_of_an_unthrottled_one() -> None:
    """While it is behind, a board goes out at most every 5 s; its last value is the same, only fewer come before."""
    published = []
    for behind_board_ms in (0, 5_000):
        made = load(4, seconds=300)
        pipeline = Pipeline(made.start_ms, behind_board_ms=behind_board_ms)
        for record in Simulation(made):
            pipeline.time.ms = record.at_ms
            pipeline.send(record.partition, record.key, record.value)
        pipeline.time.ms += HOUR
        for _ in range(40):
            pipeline.time.ms += SECOND // 2
            await pipeline.step(limit=20)
        await pipeline.drain()
        assert_exact(pipeline.audit())
        assert_told_once(pipeline)
        published.append(pipeline)
    free, throttled = published
    for topic in BOARDS:
        assert throttled.latest(topic) == free.latest(topic)
    assert len(throttled.records(TOPICS.totals)) < len(free.records(TOPICS.totals)) / 2
