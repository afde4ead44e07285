"""Group 12: a soak, with a kill each 20 s; memory and open files level off."""

import asyncio
from statistics import median
from typing import Final, NamedTuple

import psutil

from tests.faults import options
from tests.faults.compaction import compact_eagerly
from tests.faults.process import FaultyWorker
from tests.faults.scenario import scenario
from tests.faults.stage import Stage

EVERY_SECONDS: Final = 20
HORIZON_SECONDS: Final = 60
"""So that what is remembered of gifts levels off within the soak."""

TOLERANCE: Final = 1.15
"""The last third of the samples may lie so much above the second."""


class Sample(NamedTuple):
    """Of the worker that is never killed: resident memory in MiB, open files."""

    mib: float
    files: int

    @classmethod
    def of(cls, worker: FaultyWorker) -> "Sample":
        process = psutil.Process(worker.pid)
        return cls(process.memory_info().rss / 2**20, process.num_fds())


@scenario("12", rebalances=4, settings={"horizon_seconds": HORIZON_SECONDS, "flush_ms": 200})
async def soak(stage: Stage) -> None:
    """One of two workers is killed every 20 s; the other one's memory and open files level off.

    What a takeover reads is compacted all the while, so that its peak is bounded, as it is in production.
    """
    samples: list[Sample] = []
    names = stage.topics.topics
    await compact_eagerly(stage, names.changelog, names.partials, names.streams)
    async with stage.load(rate=200, streams=30, gifters=500, horizon_ms=HORIZON_SECONDS * 1000):
        survivor = await stage.worker()
        for _ in range(int(options.SOAK_SECONDS / EVERY_SECONDS)):
            victim = stage.start()
            await asyncio.sleep(EVERY_SECONDS)
            await stage.kill(victim)
            samples.append(Sample.of(survivor))
            survivor.check_alive()
    _levels_off(stage, samples)


def _levels_off(stage: Stage, samples: list[Sample]) -> None:
    third = len(samples) // 3
    for name in Sample._fields:
        figures = [getattr(sample, name) for sample in samples]
        first, middle, last = (median(figures[at * third : (at + 1) * third]) for at in range(3))
        stage.notes.append(f"{name} of the survivor, by thirds: {first:.0f}, {middle:.0f}, {last:.0f}")
        assert last <= TOLERANCE * middle, f"{name} goes on growing: {[round(figure) for figure in figures]}"
