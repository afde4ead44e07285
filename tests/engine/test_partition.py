"""A partition folds each record once, whatever crashes and however the log is cut."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.continuity import STALE_RUNS
from app.engine.errors import Poisoned, SourceGap, UnexpectedOffset
from app.engine.machine import Output
from app.engine.partition import SLACK_MS, FlushOptions, Partition
from tests.engine.fake_log import Broker, Crash, Time, recover, run_of
from tests.engine.toy import Count, Published, Word, WordCounter
from tests.integration.waiting import until

WORDS = st.lists(st.sampled_from([b"a", b"b", b"c", b""]), min_size=1, max_size=40)


def log_of(values: list[bytes]) -> list[Word]:
    return [Word(offset, value) for offset, value in enumerate(values)]


def counts(machine: WordCounter) -> dict[str, tuple[int, int]]:
    return {word: (row.times, row.offset) for word, _, row in machine.words}


def model(values: list[bytes]) -> dict[str, tuple[int, int]]:
    last = {value.decode(): offset for offset, value in enumerate(values) if value}
    times = Counter(value.decode() for value in values if value)
    return {word: (times[word], last[word]) for word in times}


def published(broker: Broker, topic: str) -> dict[bytes | None, bytes | None]:
    return {output.key: output.value for output in broker.published if output.topic == topic}


@pytest.mark.asyncio
@given(
    values=WORDS,
    cuts=st.lists(st.integers(1, 7), min_size=1),
    deaths=st.lists(st.tuples(st.integers(1, 6), st.booleans())),
)
@settings(deadline=None)
async def test_rows_outputs_and_refusals_are_those_of_an_unbroken_run(
    values: list[bytes], cuts: list[int], deaths: list[tuple[int, bool]]
) -> None:
    broker, log = Broker(), log_of(values)
    for countdown, after in [*deaths, (-1, False)]:
        broker.deaths, broker.after = countdown, after
        partition, machine = recover(broker)
        try:
            step = 0
            while partition.position < len(log):
                size = cuts[step % len(cuts)]
                step += 1
                await partition.fold(run_of(log[partition.position : partition.position + size]))
                if step % 2:
                    await partition.flush()
            await partition.freeze()
        except Crash:
            continue
    assert counts(machine) == model(values)
    assert counts(recover(broker)[1]) == model(values)
    expected = {word.encode(): b"%d@%d" % count for word, count in model(values).items()}
    assert published(broker, "counts") == expected
    refused = {output.value for output in broker.published if output.topic == "refused"}
    assert refused == {b"%d" % offset for offset, value in enumerate(values) if not value}


@pytest.mark.asyncio
async def test_a_run_is_one_batch_that_ends_with_its_commit_row() -> None:
    broker = Broker()
    partition, _ = recover(broker)
    await partition.fold(run_of(log_of([b"a", b"b", b"a"])))
    await partition.flush()
    assert broker.batches == [3]
    assert broker.changelog[-1][0] == b"\x00commit"


@pytest.mark.asyncio
async def test_nothing_changed_sends_nothing() -> None:
    broker = Broker()
    partition, _ = recover(broker)
    await partition.fold(run_of(log_of([b"a"])))
    await partition.flush()
    await partition.flush()
    assert broker.batches == [2]
    assert len(broker.published) == 1


@pytest.mark.asyncio
async def test_refusals_are_kept_before_their_run() -> None:
    broker = Broker(deaths=1)
    partition, _ = recover(broker)
    await partition.fold(run_of(log_of([b"a", b""])))
    with pytest.raises(Crash):
        await partition.flush()
    assert broker.changelog == []


@pytest.mark.asyncio
async def test_an_offset_that_is_not_ours_stops_the_worker() -> None:
    broker = Broker()
    partition, _ = recover(broker)
    broker.changelog.append((b"wsomebody else", None))
    await partition.fold(run_of(log_of([b"a"])))
    with pytest.raises(UnexpectedOffset, match="kept at 1 instead of 0"):
        await partition.flush()


@pytest.mark.asyncio
async def test_a_poisonous_record_is_named_with_the_way_out() -> None:
    partition, _ = recover(Broker())
    with pytest.raises(Poisoned, match="--quarantine 0:1"):
        await partition.fold(run_of(log_of([b"a", b"poison"])))


@pytest.mark.asyncio
async def test_older_records_in_a_run_are_passed_over() -> None:
    partition, machine = recover(Broker())
    log = log_of([b"a", b"a", b"a"])
    await partition.fold(run_of(log[:2]))
    await partition.fold(run_of(log))
    assert counts(machine) == {"a": (3, 2)}


@pytest.mark.asyncio
async def test_control_records_lie_inside_a_run_and_are_no_gap() -> None:
    partition, _ = recover(Broker())
    await partition.fold(run_of([Word(0, b"a"), Word(4, b"a")], begin=0, end=9))
    assert partition.position == 9
    assert not partition.continuity.needs_seek(run_of([Word(9, b"a")]))


def test_a_gap_seeks_back_once_and_then_stops() -> None:
    partition, _ = recover(Broker())
    late = run_of([Word(5, b"a")])
    assert partition.continuity.needs_seek(late)
    for _ in range(STALE_RUNS):
        assert not partition.continuity.needs_seek(late)
    with pytest.raises(SourceGap, match="records 0 to 4"):
        partition.continuity.needs_seek(late)


@pytest.mark.asyncio
async def test_what_a_reader_may_not_see_is_passed_over_only_when_all_before_is_folded() -> None:
    partition, machine = recover(Broker())
    partition.pass_over(3, 7, 7)
    assert partition.position == 0
    partition.pass_over(0, 7, 7)
    assert partition.position == 7
    assert machine.mark() == 7


@pytest.mark.asyncio
async def test_a_partition_is_idle_once_all_is_read_and_nothing_came_for_30_s() -> None:
    time = Time()
    partition, _ = recover(Broker(), time)
    await partition.fold(run_of(log_of([b"a"]), highwater=1))
    assert not partition.idle
    time.ms += 30_000
    assert partition.idle
    partition.highwater = 2
    assert not partition.idle


@pytest.mark.asyncio
async def test_a_frozen_partition_takes_nothing_and_goes_on_after_a_thaw() -> None:
    partition, machine = recover(Broker())
    log = log_of([b"a", b"a"])
    await partition.fold(run_of(log[:1]))
    await partition.freeze()
    await partition.fold(run_of(log[1:]))
    assert counts(machine) == {"a": (1, 0)}
    partition.thaw()
    await partition.fold(run_of(log[1:]))
    assert counts(machine) == {"a": (2, 1)}


class Teller(WordCounter):
    """Gives a word on each cut that says something new: up to which offset all is out."""

    told = 0

    def cut(self, now_ms: int, idle: bool, behind: bool) -> tuple[Sequence[Output], Output | None, Any]:
        outputs, _, token = super().cut(now_ms, idle, behind)
        upto = 1 + max((row.offset for _, _, row in self.words), default=-1)
        word = Published("told", 0, None, b"%d" % upto) if upto != self.told else None
        self.told = upto
        return outputs, word, token


def said(broker: Broker) -> list[bytes | None]:
    """Return the counts that are published, and `to N` for the word that all before N is."""
    return [b"to " + (one.value or b"") if one.topic == "told" else one.key for one in broker.published]


@pytest.mark.asyncio
async def test_the_word_that_outputs_are_out_goes_with_the_next_ones_or_alone() -> None:
    broker, log = Broker(), log_of([b"a", b"b"])
    partition, _ = recover(broker, counter=Teller)
    await partition.fold(run_of(log[:1]))
    await partition.flush()
    assert said(broker) == [b"a"]
    await partition.fold(run_of(log[1:]))
    await partition.flush()
    assert said(broker) == [b"a", b"to 1", b"b"]
    await partition.flush()
    assert said(broker) == [b"a", b"to 1", b"b", b"to 2"]
    await partition.flush()
    assert len(said(broker)) == 4


@pytest.mark.asyncio
async def test_who_is_frozen_or_behind_tells_at_once_that_outputs_are_out() -> None:
    broker, time, log = Broker(), Time(), log_of([b"a", b"b"])
    partition, _ = recover(broker, time, Teller)
    await partition.fold(run_of(log[:1], highwater=2))
    assert partition.behind
    await partition.flush()
    assert said(broker) == [b"a", b"to 1"]
    await partition.fold(run_of(log[1:], highwater=2))
    await partition.freeze()
    assert said(broker) == [b"a", b"to 1", b"b", b"to 2"]


@pytest.mark.asyncio
@pytest.mark.parametrize("deaths", range(1, 8))
@pytest.mark.parametrize("after", [False, True])
async def test_no_word_is_out_before_what_it_tells_of_and_the_newest_comes_again(deaths: int, after: bool) -> None:
    broker, log = Broker(), log_of([b"a", b"b", b"a", b"c"])
    for countdown in (deaths, -1):
        broker.deaths, broker.after = countdown, after
        partition, _ = recover(broker, counter=Teller)
        try:
            while partition.position < len(log):
                await partition.fold(run_of(log[partition.position : partition.position + 1]))
                await partition.flush()
            await partition.freeze()
        except Crash:
            continue
    out: dict[bytes | None, int] = {}
    for one in broker.published:
        if one.topic == "counts":
            out[one.key] = int((one.value or b"").split(b"@")[1])
        else:
            upto = int(one.value or b"")
            assert all(out[word.value] >= word.offset for word in log[:upto])
    assert said(broker)[-1] == b"to 4"


@pytest.mark.asyncio
async def test_after_a_failed_flush_no_other_run_goes_out() -> None:
    """The rows of the failed one were taken: a later one without them would leave a hole."""
    broker = Broker(deaths=1)
    partition, _ = recover(broker)
    await partition.fold(run_of(log_of([b"a", b""])))
    for _ in range(2):
        with pytest.raises(Crash):
            await partition.flush()
    assert broker.changelog == []


@pytest.mark.asyncio
async def test_a_frozen_partition_sends_nothing_whatever_time_it_is() -> None:
    """Its log may be closed already, or be another's."""
    broker = Broker()
    partition, machine = recover(broker)
    await partition.freeze()
    machine.words.put("late", "", Count(1, 0))
    await partition.freeze()
    assert broker.batches == []


def sent(broker: Broker, runs: int) -> Callable[[], Awaitable[bool]]:
    async def are_sent() -> bool:
        return len(broker.batches) == runs

    return are_sent


@asynccontextmanager
async def flushing(
    records: Sequence[Any], highwater: int | None = None
) -> AsyncIterator[tuple[Partition, Broker, Time]]:
    """Yield a partition that has just sent a run of these records, and goes on by that time; then let it end."""
    broker, time = Broker(), Time()
    partition, _ = recover(broker, time)
    await partition.fold(run_of(records, highwater=highwater))
    flusher = asyncio.create_task(partition.flush_forever())
    await until(sent(broker, 1), "the first run is sent")
    try:
        yield partition, broker, time
    finally:
        await partition.freeze()
        await flusher


@pytest.mark.asyncio
async def test_who_is_behind_cuts_seldom_and_who_has_caught_up_does_not_wait_for_that() -> None:
    log = log_of([b"a", b"a", b"a"])
    async with flushing(log[:1], highwater=3) as (partition, broker, time):
        time.ms += math.ceil(FlushOptions().every_ms + SLACK_MS)
        await partition.fold(run_of(log[1:2], highwater=3))
        await asyncio.sleep(3 * FlushOptions().every_ms / 1000)
        assert partition.behind
        assert len(broker.batches) == 1
        await partition.fold(run_of(log[2:], highwater=3))
        await until(sent(broker, 2), "the second run is sent")


@pytest.mark.asyncio
async def test_a_run_is_cut_behind_a_fold_late_in_the_interval_and_not_before() -> None:
    log = log_of([b"a", b"a", b"a"])
    early_ms = math.ceil(FlushOptions().every_ms - SLACK_MS)
    async with flushing(log[:1]) as (partition, broker, time):
        time.ms += early_ms - 1
        await partition.fold(run_of(log[1:2]))
        await asyncio.sleep(2 * FlushOptions().every_ms / 1000)
        assert len(broker.batches) == 1
        time.ms += 1
        await partition.fold(run_of(log[2:]))
        await until(sent(broker, 2), "the second run is sent")


@pytest.mark.asyncio
async def test_a_run_is_cut_at_the_end_of_the_interval_though_nothing_more_comes() -> None:
    log = log_of([b"a", b"a"])
    async with flushing(log[:1]) as (partition, broker, time):
        await partition.fold(run_of(log[1:]))
        time.ms += math.floor(FlushOptions().every_ms + SLACK_MS)
        await asyncio.sleep(2 * FlushOptions().every_ms / 1000)
        assert len(broker.batches) == 1
        time.ms += 1
        await until(sent(broker, 2), "the second run is sent")
