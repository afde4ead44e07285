"""Group 6: producers that send again, and streaks that come in pieces, across the crash of a worker."""

from typing import Final

from app.load.message import Message
from app.load.options import Faults
from tests.faults.load import PlacedSimulation, SourceLog, load_options
from tests.faults.scenario import scenario
from tests.faults.stage import Stage

HISTORY_SECONDS: Final = 590
RETRIED: Final = 0.2
AGAIN_MS: Final = (60_000, 240_000)

STREAKS: Final = Faults(
    duplicates=0.1,
    reconnects=0.005,
    dropped=0.3,
    lost_finals=0.3,
    resent_finals=0.3,
    reordered=0.3,
    late=0.01,
)


class RetriedSimulation(PlacedSimulation):
    """Gives one message of five again, minutes later, and half of those a third time."""

    def _repeat(self, at_ms: int, message: Message) -> None:
        super()._repeat(at_ms, message)
        if self._rng.random() < RETRIED:
            for _ in range(self._rng.randint(1, 2)):
                self._queue(at_ms + self._rng.randint(*AGAIN_MS), message)


def retried(stage: Stage, log: SourceLog) -> RetriedSimulation:
    """Return ten minutes of it, in the past."""
    start_ms = load_options().start_ms - HISTORY_SECONDS * 1000
    return RetriedSimulation(
        load_options(start_ms=start_ms, seconds=HISTORY_SECONDS, rate=100, seed=stage.seed, faults=STREAKS), log
    )


@scenario("6", "sent-again", short=True, rebalances=4)
async def sent_again(stage: Stage) -> None:
    """Gifts come two and three times, minutes apart, and streaks in pieces; four workers die over them."""
    await stage.whole_load(retried(stage, stage.log))
    for batches in (2, 3, 4, 2):
        await stage.dies(stage.start(die_at={"batch_folded": batches}))
    await stage.worker()
