"""Group 1: a worker is killed under load, at random moments and at each named point."""

import asyncio

from app.load.options import Faults
from tests.faults.scenario import Body, scenario
from tests.faults.stage import Stage

BETWEEN = 400
"""So many records are published before the next injury."""

RUNS = 12
"""A point of every run is passed so often before the worker dies there, so that it has something to lose."""

POINTS = {
    "after-a-batch": {"batch_folded": 6},
    "after-dead-letters": {"dead_letters_acked": 2},
    "run-sent": {"run_sent": RUNS},
    "run-kept": {"run_kept": RUNS},
    "run-acked": {"run_acked": RUNS},
    "boards-published": {"boards_published": RUNS},
}
"""Where a worker dies in the middle of its work."""


async def random_kills(stage: Stage, kills: int) -> None:
    """Two workers; one of them, at a random moment, is killed and replaced, again and again."""
    async with stage.load():
        pair = [await stage.worker(), await stage.worker()]
        for _ in range(kills):
            await _some_time(stage)
            place = stage.random.randrange(2)
            await stage.kill(pair[place])
            pair[place] = stage.start()


async def _some_time(stage: Stage) -> None:
    """Let the load go on: often until there is progress again, sometimes not even until the new worker is up."""
    if stage.random.random() < 0.7:
        await stage.until_more(BETWEEN)
    await asyncio.sleep(stage.random.uniform(0, 3))


@scenario("1", "kills-5", short=True, rebalances=3)
async def five_kills(stage: Stage) -> None:
    """Five kills at random moments, two workers alive."""
    await random_kills(stage, 5)


@scenario("1", "kills-50", rebalances=20)
async def fifty_kills(stage: Stage) -> None:
    """Fifty kills at random moments, two workers alive."""
    await random_kills(stage, 50)


def _killed_at(name: str, point: dict[str, int]) -> Body:
    async def body(stage: Stage) -> None:
        async with stage.load(faults=Faults(malformed=0.02)):
            await stage.dies(stage.start(die_at=point))
            await stage.worker()
            await stage.until_more(BETWEEN)

    body.__doc__ = f"A worker dies at {', '.join(point)}."
    return body


for _name, _point in POINTS.items():
    scenario("1", f"kill-{_name}", short=True)(_killed_at(_name, _point))


async def killed_under_load(stage: Stage) -> None:
    """A worker is killed with something in its memory that is nowhere else."""
    await stage.dies(stage.start(die_at={"batch_folded": 20}))


@scenario("1", "kill-after-the-fence", short=True)
async def after_the_fence(stage: Stage) -> None:
    """A new owner dies right after its fence rows."""
    async with stage.load():
        await killed_under_load(stage)
        await stage.dies(stage.start(die_at={"fenced": 2}))
        await stage.worker()


@scenario("1", "kill-during-recovery", short=True)
async def during_recovery(stage: Stage) -> None:
    """A second kill during the recovery from the first, and a third one in that from the second."""
    async with stage.load():
        await killed_under_load(stage)
        await stage.dies(stage.start(die_at={"row_read": 50}))
        await stage.dies(stage.start(die_at={"row_read": 500}))
        await stage.worker()


@scenario("1", "kill-revoked", short=True, rebalances=1, replays=False)
async def while_revoked(stage: Stage) -> None:
    """A worker dies between giving its partitions back and getting them again, as a second one joins."""
    async with stage.load():
        worker = stage.start(die_at={"revoked": 1})
        await stage.until_more(BETWEEN)
        stage.start()
        await stage.dies(worker)


@scenario("1", "kill-reassigned", short=True, rebalances=2, replays=False)
async def while_reassigned(stage: Stage) -> None:
    """A worker dies as it is given a part of its partitions again, a second one the other part."""
    async with stage.load():
        worker = stage.start(die_at={"reassigned": 1})
        await stage.until_more(BETWEEN)
        stage.start()
        await stage.dies(worker)
