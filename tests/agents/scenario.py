"""Driving a pipeline: a load with every fault, hostile records anywhere in a run, workers that die and hand over."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from app.load.options import Faults, LoadOptions
from app.load.simulation import Simulation
from tests.agents.fake_kafka import Crash
from tests.agents.in_process import CHANGELOG, NAMES, TOPICS, Pipeline
from tests.builders import HOME
from tests.corpus import Hostile, hostile

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
START_MS: Final = LoadOptions().start_ms

FAULTS: Final = Faults(
    duplicates=0.05,
    reconnects=0.002,
    lost_finals=0.2,
    resent_finals=0.2,
    reordered=0.1,
    malformed=0.03,
    slow=0.04,
    very_slow=0.02,
    late=0.03,
    too_old=0.02,
)


def load(seed: int = 1, seconds: float = 1_200, rate: float = 4, start_ms: int = START_MS) -> LoadOptions:
    """Return a small load with every fault."""
    return LoadOptions(rate=rate, streams=12, gifters=120, seconds=seconds, seed=seed, start_ms=start_ms, faults=FAULTS)


@dataclass
class Sender:
    """Sends a simulation to a pipeline, as time goes by, and remembers what it put in that is none of it."""

    pipeline: Pipeline
    simulation: Simulation
    every_ms: int = 3 * SECOND
    hostile: dict[tuple[int, int], Hostile] = field(default_factory=dict)

    def send(self, spoil: bool = False) -> None:
        """Let time pass, and send what is due by then: to be read as one run, with hostile records all over it."""
        self.pipeline.time.ms = (self.simulation.next_ms or self.pipeline.time.ms) + self.every_ms
        if spoil:
            self._spoil()
        sent = 0
        while send := self.simulation.next(self.pipeline.time.ms):
            self.pipeline.send(send.partition, send.key, send.value)
            sent += send.partition == HOME
            if spoil and sent == 3:
                self._spoil()
        if spoil:
            self._spoil()

    def _spoil(self) -> None:
        for each in hostile(self.pipeline.time.ms):
            offset = self.pipeline.send(each.partition, each.key, each.value)
            self.hostile[each.partition, offset] = each


async def play(sender: Sender, chaos: "Chaos | None" = None) -> None:
    """Send everything, let the workers work on it, and wait until all is published."""
    rounds = 0
    while not sender.simulation.ended:
        sender.send(spoil=rounds in (0, 20, 40))
        rounds += 1
        if chaos is not None:
            await chaos.interfere()
        await sender.pipeline.step()
    sender.pipeline.kafka.kill_at(0, keeps=False)
    await sender.pipeline.drain()


class Chaos:
    """Kills, hand-overs and compactions at moments that a seed decides."""

    def __init__(self, pipeline: Pipeline, seed: int) -> None:
        self._pipeline = pipeline
        self._random = Random(seed)

    async def interfere(self) -> None:
        """Do what was drawn for this moment, if anything."""
        pipeline, random = self._pipeline, self._random
        what = random.random()
        if what < 0.25:
            pipeline.kafka.kill_at(random.randint(1, 15), keeps=random.random() < 0.5)
        elif what < 0.3:
            random.choice(pipeline.workers).kill()
        elif what < 0.4:
            pipeline.assign()
            await pipeline.move(random.randrange(pipeline.rules.partitions))
        elif what < 0.45:
            pipeline.kafka.compact(CHANGELOG)
            pipeline.kafka.compact(TOPICS.partials)
        elif what < 0.5:
            await self._fold_without_flush()

    async def _fold_without_flush(self) -> None:
        for worker in self._pipeline.workers:
            try:
                for number in worker.partitions:
                    await worker.read(number, limit=self._random.randint(1, 5))
            except Crash:
                worker.kill()


def sent(pipeline: Pipeline) -> int:
    """Return how many records the source topic holds."""
    return sum(pipeline.kafka.end(NAMES.source, p) for p in range(pipeline.rules.partitions))
