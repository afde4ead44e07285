"""Group 10: the changelog takes no more, because the topic allows too little, or because the disk is full."""

import asyncio
from typing import Final

import msgspec
import psutil

from app.engine.commit import COMMIT_KEY, Commit
from app.topic_reader import read_to_end
from app.topics import admin
from tests.faults.load import PlacedSimulation, load_options
from tests.faults.process import FaultyWorker
from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN
from tests.faults.stage import Stage
from tests.integration.waiting import until

ROOM_BYTES: Final = 32 * 1024
"""So much more the largest file of the changelog may grow."""

Positions = dict[int, int]
"""By partition, the next offset to be counted."""


async def in_the_state(stage: Stage) -> Positions:
    """Return the positions that the newest commit rows name."""
    found = dict.fromkeys(range(stage.settings.partitions), 0)
    async for record in read_to_end(stage.settings, [stage.topics.topics.changelog.name]):
        if record.key == COMMIT_KEY:
            found[record.partition] = msgspec.msgpack.decode(record.value, type=Commit).position
    return found


async def in_the_group(stage: Stage) -> Positions:
    """Return the positions that the consumer group was told."""
    async with admin(stage.settings) as client:
        offsets = await client.list_consumer_group_offsets(stage.settings.app_id)
    return {tp.partition: told.offset for tp, told in offsets.items() if tp.topic == stage.settings.source_topic}


async def nothing_was_committed(stage: Stage) -> Positions:
    """Fail unless events were folded that neither state, group nor boards know of. Returns the state's positions."""
    state, group, published = await in_the_state(stage), await in_the_group(stage), stage.journal.positions
    folded = {number: stage.journal.folded_by_anyone(number) for number in state}
    assert any(folded[number] > at for number, at in state.items()), f"no run was lost: {folded} folded, {state} kept"
    for number, at in state.items():
        assert group.get(number, 0) <= at, f"the group was told {group}, the state is at {state}"
        assert published[number] <= at, f"published up to {published}, the state is at {state}"
    return state


async def goes_on_at(stage: Stage, worker: FaultyWorker, positions: Positions) -> None:
    """Fail unless the worker has taken each partition over exactly there."""
    await worker.ready()
    lines = [line for line in stage.journal.lines("taken_over") if line["pid"] == worker.pid]
    assert {line["partition"]: line["position"] for line in lines} == positions


@scenario("10", "changelog-too-small", short=True, rebalances=1)
async def too_small(stage: Stage) -> None:
    """The changelog's max.message.bytes is lowered under load: the worker stops and says so, nothing is committed."""
    changelog = stage.topics.topics.changelog
    async with stage.load():
        worker = await stage.worker()
        await stage.until_more(BETWEEN)
        await stage.topics.alter(changelog, max__message__bytes="100")
        line = await worker.fail_stops()
        assert f": ChangelogError: {changelog.name}[" in line, line
        assert "the broker refused a batch: MessageSizeTooLargeError" in line, line
        assert "`giftstream topics check` tells what the topic has to allow" in line, line
        stage.notes.append(line)
        kept = await nothing_was_committed(stage)
        await refuses_to_start(stage, f"{changelog.name}: max.message.bytes is 100, needed at least")
        await stage.topics.alter(changelog)
        await goes_on_at(stage, stage.start(), kept)
        await stage.until_more(BETWEEN)


async def refuses_to_start(stage: Stage, why: str) -> None:
    """The cause is still there: a worker that is started says so, and what mends it."""
    worker = stage.start()
    worker.allowed.add(1)
    assert await worker.ended() == 1, worker.last_line
    assert why in worker.last_line, worker.last_line
    assert "Fix: kafka-configs.sh" in worker.last_line, worker.last_line


@scenario("10", "disk-full", rebalances=1, own_broker=True, replays=False)
async def disk_full(stage: Stage) -> None:
    """The disk is full in the midst of a run: the broker ends. The worker waits for it, and goes on when it is back."""
    worker = await until_disk_is_full(stage)
    before = stage.published
    await asyncio.sleep(stage.settings.session_timeout_seconds)
    worker.check_alive()
    assert stage.published == before, "something was published without a broker"
    await stage.start_broker()
    async with stage.load(seed=stage.seed + 2):
        await stage.until_more(BETWEEN)
        worker.check_alive()


@scenario("10", "disk-full-worker-killed", rebalances=2, own_broker=True)
async def disk_full_worker_killed(stage: Stage) -> None:
    """The same, and the waiting worker is killed: nothing of the lost run was committed, and a later one goes on."""
    await stage.kill(await until_disk_is_full(stage))
    cut_short = _largest(stage)
    await stage.start_broker()
    stage.notes.append(f"of the run that did not fit, {cut_short - _largest(stage):,} bytes were written and cut off")
    kept = await nothing_was_committed(stage)
    async with stage.load(seed=stage.seed + 2):
        await goes_on_at(stage, stage.start(), kept)
        await stage.until_more(BETWEEN)


async def until_disk_is_full(stage: Stage) -> FaultyWorker:
    """Return the worker that wanted to write too much, once the broker has ended by it."""
    await stage.whole_load(PlacedSimulation(load_options(seed=stage.seed, seconds=10), stage.log))
    await stage.counted()
    assert await stage.workers[0].stop() == 0, stage.workers[0].last_line
    await stage.whole_load(PlacedSimulation(load_options(seed=stage.seed + 1, seconds=15, rate=2_000), stage.log))
    fill_disk(stage)
    worker = stage.start()
    await broker_ends(stage)
    return worker


def fill_disk(stage: Stage) -> None:
    """Let no file of the broker grow by more than a little over the largest one of the changelog.

    The limit (RLIMIT_FSIZE) is the kernel's, of the broker's process. As on a full file system, the write that crosses
    it is cut short and the next one fails, at the changelog first: nothing else grows so fast, now that the source
    topic has all it gets. It needs no privileges, and ends with the process.
    """
    limit = _largest(stage) + ROOM_BYTES
    psutil.Process(stage.broker.pid).rlimit(psutil.RLIMIT_FSIZE, (limit, psutil.RLIM_INFINITY))


async def broker_ends(stage: Stage) -> None:
    """Return when it has ended by itself over the changelog."""
    process = psutil.Process(stage.broker.pid)

    async def has_ended() -> bool:
        return process.status() == psutil.STATUS_ZOMBIE

    await until(has_ended, "the broker ends by itself")
    await stage.kill_broker()  # it is dead: this takes note of it
    said = stage.broker.log.read_text(errors="replace")
    for cause in (f"Error while appending records to {_changelog(stage)}-", "java.io.IOException: File too large"):
        assert cause in said, said[-3000:]


def _largest(stage: Stage) -> int:
    """Return the size of the largest file of the changelog."""
    segments = (stage.broker.directory / "data").glob(f"{_changelog(stage)}-*/*.log")
    return max(segment.stat().st_size for segment in segments)


def _changelog(stage: Stage) -> str:
    return stage.topics.topics.changelog.name
