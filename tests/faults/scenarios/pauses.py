"""Group 3: a worker stands still while another takes over, and wakes up; or is revoked and comes back at once."""

import asyncio

from tests.faults.compaction import compact
from tests.faults.process import FaultyWorker
from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN
from tests.faults.stage import Stage

SLEEPY = {"batch_folded": 20}
"""It falls asleep with something in its memory that it would write next."""


async def asleep(stage: Stage, *without: str) -> FaultyWorker:
    """Return a worker that has just fallen asleep."""
    worker = stage.start(stop_at=SLEEPY, without=without)
    await stage.until_told("stopped")
    return worker


async def two_sessions(stage: Stage) -> None:
    await asyncio.sleep(2 * stage.settings.session_timeout_seconds)


async def compacted_and_recovered(stage: Stage, owner: FaultyWorker) -> None:
    """Force compaction, and recover once more."""
    await compact(stage)
    await stage.kill(owner)
    await stage.worker()


@scenario("3", "pause-notices-itself", short=True, rebalances=1)
async def notices_itself(stage: Stage) -> None:
    """SIGSTOP for two session timeouts: the worker sees that it stood still, and ends before it sends anything."""
    async with stage.load():
        sleeper = await asleep(stage)
        heir = stage.start()
        await two_sessions(stage)
        await stage.until_more(BETWEEN)
        sleeper.resume()
        line = await sleeper.fail_stops()
        assert "Stalled: the process stood still" in line, line
        await compacted_and_recovered(stage, heir)


@scenario("3", "pause-is-fenced", short=True, rebalances=1)
async def is_fenced(stage: Stage) -> None:
    """The same with a worker that does not notice: the broker refuses its late run."""
    async with stage.load():
        sleeper = await asleep(stage, "stall_watch")
        heir = stage.start()
        await two_sessions(stage)
        await stage.until_more(BETWEEN)
        sleeper.resume()
        line = await sleeper.fail_stops()
        assert "Fenced" in line, line
        assert "another worker owns this partition now" in line, line
        await compacted_and_recovered(stage, heir)


@scenario("3", "pause-ends-at-takeover", rebalances=1)
async def ends_at_takeover(stage: Stage) -> None:
    """The sleeper wakes up while its heir has fenced half of the partitions and read none."""
    async with stage.load():
        sleeper = await asleep(stage, "stall_watch")
        heir = stage.start(stop_at={"fenced": 2}, without=["stall_watch"])
        await stage.until_told("stopped", 2)
        sleeper.resume()
        line = await sleeper.fail_stops()
        assert "Fenced" in line, line
        heir.resume()
        await stage.until_more(BETWEEN)
        await compacted_and_recovered(stage, heir)


@scenario("3", "revoked-and-back", short=True, rebalances=6, replays=False, settings={"heartbeat_seconds": 1})
async def revoked_and_back(stage: Stage) -> None:
    """Three guests join and leave at once: the worker is revoked, and given everything back within a second or so."""
    async with stage.load():
        worker = await stage.worker()
        for number in range(3):
            await stage.until_more(BETWEEN)
            guest = stage.start()
            await stage.until_assigned(guest)
            await (stage.kill(guest) if number == 1 else guest.stop())
        await stage.until_more(BETWEEN)
        await compacted_and_recovered(stage, worker)
