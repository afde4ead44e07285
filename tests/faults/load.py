"""The load of a scenario: its answer, and besides that exactly which records of the log are bad."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.load.message import Send
from app.load.options import LoadOptions
from app.load.sender import make_producer, send
from app.load.simulation import Simulation
from app.settings import Settings
from tests.integration.harness import Place

HISTORY_SECONDS = 20
RATE = 400.0
GIVE_UP_SECONDS = 5.0


@dataclass
class SourceLog:
    """What was put on the source topic: how many records are in each partition, and which of them are bad."""

    ends: Counter[int] = field(default_factory=Counter)
    bad: set[Place] = field(default_factory=set)

    def add(self, partition: int, *, bad: bool) -> None:
        """One more record is to lie at the end of a partition."""
        if bad:
            self.bad.add((partition, self.ends[partition]))
        self.ends[partition] += 1


class PlacedSimulation(Simulation):
    """Notes where each record will lie. That is known, as nobody else writes and retries are idempotent."""

    def __init__(self, options: LoadOptions, log: SourceLog) -> None:
        super().__init__(options)
        self._log = log

    def next(self, before_ms: int) -> Send | None:
        """Return the next record that is due."""
        refused = self.answer.dead_lettered
        due = super().next(before_ms)
        if due is not None:
            self._log.add(due.partition, bad=self.answer.dead_lettered > refused)
        return due


@dataclass
class Load:
    """A load that is being sent. `stop` before the answer is looked at."""

    simulation: Simulation
    _stopping: asyncio.Event
    _sending: "asyncio.Task[Any]"

    @property
    def sent(self) -> int:
        return self.simulation.answer.sent

    async def stop(self) -> None:
        """Return when everything that was sent is acknowledged. Raises KafkaError if a batch was not."""
        self._stopping.set()
        await self._sending

    async def give_up(self) -> None:
        """Stop at once: nothing is to be said of what was sent. The broker may be gone."""
        self._sending.cancel()
        await asyncio.wait([self._sending], timeout=GIVE_UP_SECONDS)

    async def done(self) -> None:
        """Return when the whole load was sent."""
        await self._sending


def load_options(**changed: Any) -> LoadOptions:
    """Return a load of some history, which is sent at once, and then live."""
    start_ms = int((time.time() - HISTORY_SECONDS) * 1000)
    usual = {"rate": RATE, "streams": 60, "gifters": 2_000, "start_ms": start_ms, "seconds": 7_200.0}
    return LoadOptions(**(usual | changed))


def start_load(settings: Settings, simulation: Simulation) -> Load:
    """Begin to send what is due, at the wall clock's pace."""
    stopping = asyncio.Event()
    return Load(simulation, stopping, asyncio.create_task(_send(settings, simulation, stopping), name="load"))


async def _send(settings: Settings, simulation: Simulation, stopping: asyncio.Event) -> None:
    async with make_producer(settings.broker) as producer:
        await send(simulation, producer, settings.source_topic, stopping)
