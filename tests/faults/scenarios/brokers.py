"""Group 4: the broker is killed and restarted under load, alone and together with a worker."""

import asyncio

from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN
from tests.faults.stage import Stage


async def broker_restarts(stage: Stage, times: int) -> None:
    """Nothing is published while it is away, and all goes on when it is back, with the same workers."""
    async with stage.load():
        await stage.worker()
        await stage.worker()
        for _ in range(times):
            await stage.until_more(BETWEEN)
            await stage.kill_broker()
            before = stage.published
            await asyncio.sleep(stage.random.uniform(0, 3))
            assert stage.published == before, "something was published without a broker"
            await stage.start_broker()
        await stage.until_more(BETWEEN)


async def both_die(stage: Stage, times: int) -> None:
    """Broker and worker are killed within a second of each other, in either order."""
    async with stage.load():
        worker = await stage.worker()
        for _ in range(times):
            await stage.until_more(BETWEEN)
            await asyncio.sleep(stage.random.uniform(0, 1))
            deaths = [stage.kill_broker(), stage.kill(worker)]
            stage.random.shuffle(deaths)
            await deaths[0]
            await asyncio.sleep(stage.random.uniform(0, 0.8))
            await deaths[1]
            await stage.start_broker()
            worker = stage.start()


@scenario("4", "broker-restarts", short=True, own_broker=True, replays=False)
async def once(stage: Stage) -> None:
    """The broker is killed and restarted under load."""
    await broker_restarts(stage, 1)


@scenario("4", "broker-restarts-5", own_broker=True, replays=False)
async def five_times(stage: Stage) -> None:
    """The broker is killed and restarted five times under load."""
    await broker_restarts(stage, 5)


@scenario("4", "broker-and-worker", own_broker=True, rebalances=8)
async def ten_times(stage: Stage) -> None:
    """Broker and worker are killed within a second of each other, ten times."""
    await both_die(stage, 10)
