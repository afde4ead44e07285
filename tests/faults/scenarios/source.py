"""Group 13: the source log is not the one that the state was made from: refused with the way out, which works."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.faults.load import Load
from tests.faults.lossy import KeptSimulation, forget_lost
from tests.faults.refusal import refused
from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN, killed_under_load
from tests.faults.source_log import add_partitions, count_anew, cut_off, delete_before, end_of, recreate, segment
from tests.faults.stage import Stage
from tests.integration.waiting import until

STATE_KEPT = "the state and its position are kept as they were"


async def until_sent(load: Load, records: int) -> None:
    goal = load.sent + records

    async def is_sent() -> bool:
        return load.sent >= goal

    await until(is_sent, f"{goal} records are sent")


def told_gap(line: str, partition: int) -> tuple[int, int]:
    """Return the position and the first offset that is left, as the last words of a worker tell them."""
    found = re.search(rf"\[{partition}\] begins at (\d+), but the next record to count is (\d+)", line)
    assert found, line
    first, position = map(int, found.groups())
    assert f"deleted {first - position} records before they were counted" in line, line
    assert f"accept the loss with --accept-gap {partition}:{first}" in line, line
    assert "nothing counted past the break" in line, line
    return position, first


async def gap(stage: Stage, partition: int) -> tuple[str, str]:
    """Return the option that a refusal names, with which a worker goes on without the lost records."""
    position, first = told_gap(await refused(stage), partition)
    stage.lost[partition] = position, first - 1
    stage.notes.append(f"lost: records {position} to {first - 1} of partition {partition}")
    return "--accept-gap", f"{partition}:{first}"


async def accepted(stage: Stage, partition: int) -> None:
    """Accept the gap that a refusal names, and no other; go on with it through two deaths, and then without it."""
    accept = await gap(stage, partition)
    before = "--accept-gap", f"{partition}:{stage.lost[partition][1]}"
    told_gap(await refused(stage, *before), partition)
    await stage.dies(stage.start(*accept, die_at={"batch_folded": 2}))
    worker = await stage.worker(*accept)
    await stage.until_more(BETWEEN)
    await stage.kill(worker)
    await stage.worker()
    await stage.until_more(BETWEEN)


@asynccontextmanager
async def load_to_lose(stage: Stage) -> AsyncIterator[Load]:
    """Send a load; afterwards the stage expects what is meant by those of its records that are not lost."""
    async with stage.load(KeptSimulation) as load:
        yield load
    forget_lost(stage, load)


@scenario("13", "retention", replays=False)
async def retention(stage: Stage) -> None:
    """Retention deletes what was sent while no worker ran: refused until the gap is accepted, then shown on boards."""
    partition = stage.random.randrange(stage.settings.partitions)
    async with load_to_lose(stage) as load:
        worker = await stage.worker()
        await stage.until_more(BETWEEN)
        await worker.stop()
        await until_sent(load, BETWEEN)
        await delete_before(stage, partition, await end_of(stage, partition))
        await stage.worker(*await gap(stage, partition))


@scenario("13", "retention-passes-the-position", rebalances=3)
async def passes_the_position(stage: Stage) -> None:
    """The same between two deaths: another gap than the named one is not accepted, and the accepted one stays."""
    partition = stage.random.randrange(stage.settings.partitions)
    async with load_to_lose(stage) as load:
        await killed_under_load(stage)
        await until_sent(load, 3 * BETWEEN)
        end = await end_of(stage, partition)
        await delete_before(stage, partition, end - stage.random.randrange(50))
        await accepted(stage, partition)


@scenario("13", "retention-overtakes-a-worker", rebalances=3)
async def overtakes_a_worker(stage: Stage) -> None:
    """The same while a worker that stands still owns the partition: it ends by itself when it wakes up."""
    partition = stage.random.randrange(stage.settings.partitions)
    async with load_to_lose(stage) as load:
        worker = stage.start(stop_at={"batch_folded": 20}, without=["stall_watch"])
        await stage.until_told("stopped")
        await until_sent(load, 2 * BETWEEN)
        await delete_before(stage, partition, await end_of(stage, partition))
        worker.resume()
        line = await worker.fail_stops()
        assert "SourceLost: the source log no longer holds the next record to read" in line, line
        assert "start the worker again: it says what is left of the log" in line, line
        await accepted(stage, partition)


@scenario("13", "truncated-log", own_broker=True, rebalances=2)
async def truncated(stage: Stage) -> None:
    """The broker loses the end of a partition with what was counted: refused until the file is put back."""
    async with stage.load():
        worker = await stage.worker()
        await stage.until_more(2 * BETWEEN)
        await stage.kill(worker)
    positions = stage.journal.positions
    partition = stage.random.choice([number for number, position in positions.items() if position > 1])
    counted = positions[partition]
    await stage.kill_broker()
    file = segment(stage, partition)
    whole = file.read_bytes()
    file.write_bytes(cut_off(whole, stage.random.randrange(counted // 2, counted)))
    await stage.start_broker()
    line = await refused(stage)
    assert f"[{partition}] ends at {await end_of(stage, partition)}, but the state has counted up to" in line, line
    assert "the topic was recreated or truncated; restore it, or" in line, line
    assert STATE_KEPT in line, line
    await stage.kill_broker()
    file.write_bytes(whole)
    await stage.start_broker()
    async with stage.load(seed=stage.seed + 1):
        await killed_under_load(stage)
        await stage.worker()
        await stage.until_more(BETWEEN)


async def counted_anew(stage: Stage, **changed: Any) -> None:
    """Count the log as it is now, over a death."""
    await count_anew(stage, **changed)
    await stage.dies(stage.start(die_at={"batch_folded": 4}))
    await stage.worker()
    await stage.until_more(BETWEEN)


@scenario("13", "recreated-topic", rebalances=1)
async def recreated(stage: Stage) -> None:
    """The topic is deleted and created again: refused while it is empty, and when it is long enough again."""
    async with stage.load():
        await killed_under_load(stage)
    counted = stage.journal.positions
    await recreate(stage)
    line = await refused(stage)
    assert "ends at 0, but the state has counted up to" in line, line
    assert STATE_KEPT in line, line
    async with stage.load(seed=stage.seed + 1) as load:
        for partition, position in counted.items():
            while await end_of(stage, partition) <= position + BETWEEN:
                await until_sent(load, BETWEEN)
        line = await refused(stage)
        assert "is not the one that was counted: the topic was recreated; restore it, or" in line, line
        assert STATE_KEPT in line, line
        await counted_anew(stage)


@scenario("13", "recreated-under-a-worker", rebalances=1)
async def recreated_under_a_worker(stage: Stage) -> None:
    """The same while a worker owns it: it ends by itself, and none begins until the log is counted anew."""
    async with stage.load():
        worker = await stage.worker()
        await stage.until_more(BETWEEN)
    await stage.counted()
    await recreate(stage)
    async with stage.load(seed=stage.seed + 1):
        line = await worker.fail_stops()
        assert "the topic was deleted" in line or "start the worker again: it says what is left" in line, line
        assert "the topic was recreated" in await refused(stage)
        await counted_anew(stage)


@scenario("13", "more-partitions", rebalances=1)
async def more_partitions(stage: Stage) -> None:
    """The source topic gets more partitions: none begins with the old count, nor with the new one and the old id."""
    async with stage.load():
        worker = await stage.worker()
        await stage.until_more(BETWEEN)
        await add_partitions(stage, 6)
        await stage.until_more(BETWEEN)
        await stage.kill(worker)
        line = await refused(stage, code=1)
        assert "gifts.v1: partitions is 6, needed 4. Fix: GIFTSTREAM_PARTITIONS=6, with a new GIFTSTREAM_APP_ID" in line
        settings = stage.settings
        stage.settings = settings.model_copy(update={"partitions": 6})
        line = await refused(stage, code=1)
        assert "changelog: partitions is 4, needed 6. Fix: a new GIFTSTREAM_APP_ID" in line, line
        stage.settings = settings
    async with stage.load(seed=stage.seed + 1, partitions=6):
        await counted_anew(stage, partitions=6, partitioner="any")
