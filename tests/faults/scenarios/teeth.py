"""The proof has teeth: with a guard of the engine switched off, the verdict must fail."""

import signal

from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN, RUNS
from tests.faults.scenarios.pauses import asleep, two_sessions
from tests.faults.stage import Stage


@scenario("teeth", "teeth-no-fence", short=True, caught=True, rebalances=1, settings={"flush_ms": 1_000})
async def no_fence(stage: Stage) -> None:
    """Without the fence a worker that wakes up late writes into the state of its heir.

    Runs are those of a second: the few events of 50 ms may be all that their streams are given, and then do no harm.
    The sleeper does not look where its records lie either: by that it may stop at a board before its run is sent.
    """
    async with stage.load():
        sleeper = await asleep(stage, "stall_watch", "fence", "places")
        heir = stage.start(without=["fence"])
        await two_sessions(stage)
        await stage.until_more(BETWEEN)
        sleeper.resume()
        await stage.until_told("late_run")
        for worker in (sleeper, heir):
            worker.allowed |= {3, -signal.SIGKILL}
            worker.end()
        await stage.worker()
        await stage.until_more(BETWEEN)


@scenario("teeth", "teeth-no-one-batch", short=True, caught=True, rebalances=1)
async def no_one_batch(stage: Stage) -> None:
    """With a run in two batches, a worker that dies between them leaves half of it."""
    async with stage.load():
        await stage.dies(stage.start(die_at={"half_run": RUNS}, without=["one_batch"]))
        await stage.worker()
        await stage.until_more(BETWEEN)
