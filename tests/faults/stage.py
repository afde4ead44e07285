"""What a scenario plays on: a broker, topics of its own, a load, and workers to injure."""

import asyncio
import os
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from app.broker import EmbeddedBroker
from app.load.answer import Answer
from app.load.simulation import Simulation
from app.settings import Settings
from app.topics import create
from tests.faults.journal import Journal
from tests.faults.load import Load, PlacedSimulation, SourceLog, load_options, start_load
from tests.faults.process import FaultyWorker, Points
from tests.integration.harness import SESSION, Pipeline
from tests.integration.waiting import SECONDS, until

CATCH_UP_SECONDS = 150.0
"""Generous: other scenarios share the machine."""

_number = count(1)


class Stage:
    """One scenario's topics, load and workers. Whatever it starts is ended with it.

    `way_in` is the broker's address as workers are told it, and `until_the_end` is closed when they have ended.
    `answers` is what the loads meant; with `log`, what was put on the source topic, it is what the verdict compares to.
    `lost` holds, by partition, the first and the last offset of records that were deleted before they were counted.
    """

    def __init__(self, broker: EmbeddedBroker, settings: Settings, folder: Path, seed: int) -> None:
        self.broker = broker
        self.settings = settings
        self.way_in = settings.broker
        self.until_the_end = AsyncExitStack()
        self.seed = seed
        self.random = random.Random(seed)
        self.topics = Pipeline(settings, folder)
        self.journal = Journal(folder, settings.partitions)
        self.log = SourceLog()
        self.answers: list[Answer] = []
        self.lost: dict[int, tuple[int, int]] = {}
        self.workers: list[FaultyWorker] = []
        self.kills = 0
        self.notes: list[str] = []
        self.folder = folder

    def start(
        self, *arguments: str, die_at: Points | None = None, stop_at: Points | None = None, without: Sequence[str] = ()
    ) -> FaultyWorker:
        """Start a worker and return at once."""
        number = len(self.workers)
        worker = FaultyWorker(
            self.settings.model_copy(update={"broker": self.way_in}),
            self.folder,
            number,
            *arguments,
            die_at=die_at or {},
            stop_at=stop_at or {},
            without=without,
        )
        self.workers.append(worker)
        return worker

    async def worker(self, *arguments: str, **faults: Any) -> FaultyWorker:
        """Start a worker and return it when it is ready."""
        worker = self.start(*arguments, **faults)
        await worker.ready()
        return worker

    async def kill(self, worker: FaultyWorker) -> None:
        """End it as a power cut would."""
        await worker.kill()
        self.kills += 1

    async def dies(self, worker: FaultyWorker) -> None:
        """Return when it has died at the point that it was given."""
        await worker.dies()
        self.kills += 1

    async def kill_broker(self) -> None:
        """End the broker as a power cut would."""
        await asyncio.to_thread(self.broker.kill)
        self.kills += 1

    async def start_broker(self) -> None:
        """Start it again, on the same port and data."""
        await asyncio.to_thread(self.broker.start)

    @property
    def alive(self) -> list[FaultyWorker]:
        return [worker for worker in self.workers if worker.runs]

    @property
    def published(self) -> int:
        """How many source records have been counted and published."""
        return sum(self.journal.positions.values())

    @asynccontextmanager
    async def load(self, kind: type[PlacedSimulation] = PlacedSimulation, **options: Any) -> AsyncIterator[Load]:
        """Send a load while the body runs."""
        load = start_load(self.settings, kind(load_options(**({"seed": self.seed} | options)), self.log))
        self.answers.append(load.simulation.answer)
        try:
            yield load
        except BaseException:
            await load.give_up()
            raise
        await load.stop()

    async def whole_load(self, simulation: Simulation) -> None:
        """Send a load that has all happened by now."""
        self.answers.append(simulation.answer)
        await start_load(self.settings, simulation).done()

    async def until_more(self, records: int, seconds: float = CATCH_UP_SECONDS) -> None:
        """Return when so many more records are published."""
        goal = self.published + records

        async def reached() -> bool:
            return self.published >= goal

        await self._until(reached, f"{goal} records are published", seconds)

    async def until_told(self, what: str, times: int = 1) -> None:
        """Return when the journal holds so many lines of that kind."""

        async def is_told() -> bool:
            return sum(1 for _ in self.journal.lines(what)) >= times

        await self._until(is_told, f"{what} {times} times")

    async def until_assigned(self, worker: FaultyWorker) -> None:
        """Return when the group has given the worker its partitions."""

        async def is_assigned() -> bool:
            worker.check_alive()
            return any(line["pid"] == worker.pid for line in self.journal.lines("assigned"))

        await until(is_assigned, f"worker {worker.number} is assigned partitions")

    async def counted(self) -> None:
        """Return when everything on the source topic is counted and published. Starts a worker if none is alive."""
        if not self.alive:
            await self.worker()

        async def all_counted() -> bool:
            return all(self.journal.positions[number] >= end for number, end in self.log.ends.items())

        await self._until(all_counted, "all is counted", CATCH_UP_SECONDS)

    async def _until(self, holds: Callable[[], Awaitable[bool]], what: str, seconds: float = SECONDS) -> None:
        """Return when it holds. Whoever waits in vain is told how things stand by then."""
        try:
            await until(holds, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self._standing()}") from None

    def _standing(self) -> str:
        astray = [
            f"worker {one.number} ended with {one.code}: {one.last_line}" for one in self.workers if one.is_astray
        ]
        return f"published {self.journal.positions} of {dict(self.log.ends)}; {'; '.join(astray) or 'no worker ended'}"

    def end(self) -> None:
        """Leave no process behind."""
        for worker in self.workers:
            with suppress(ProcessLookupError):
                worker.end()
        self.journal.close()


@asynccontextmanager
async def stage(broker: EmbeddedBroker, seed: int, **settings: Any) -> AsyncIterator[Stage]:
    """Yield a stage with fresh topics. Its workers are ended whatever happens."""
    name = f"ft-{os.getpid()}-{next(_number)}"
    made = Settings(broker=broker.bootstrap, app_id=name, topic_prefix=f"{name}.", **(SESSION | settings))
    await create(made)
    with tempfile.TemporaryDirectory(prefix=f"giftstream-{name}-") as folder:
        one = Stage(broker, made, Path(folder), seed)
        async with one.until_the_end:
            try:
                yield one
            finally:
                one.end()


def beside(one: Stage) -> AbstractAsyncContextManager[Stage]:
    """Return a second stage on the same broker and with the same seed, for a comparison."""
    return stage(one.broker, one.seed)
