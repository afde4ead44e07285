"""One sequence: a seed draws dials, events, schedule and faults, and a last owner drains what is left."""

import asyncio
from collections import Counter
from random import Random
from typing import Final

from agents.domain.rules import Rules
from app.engine.errors import ChangelogError, Fenced
from tests.agents.fake_kafka import Time
from tests.agents.in_process import CHANGELOG, NAMES, TOPICS, Pipeline
from tests.agents.in_process import Worker as PlainWorker
from tests.builders import AT
from tests.faults.simulation.broker import Broker
from tests.faults.simulation.dials import Dials, engine
from tests.faults.simulation.events import HOUR_MS, MINUTE_MS, PARTITIONS, STEPS_MS, Events, Sent
from tests.faults.simulation.group import Group
from tests.faults.simulation.loop import VirtualLoop
from tests.faults.simulation.network import Network
from tests.faults.simulation.worker import Worker

RULES: Final = Rules(partitions=PARTITIONS, partitioner="any", top_n=2)
QUIET_SECONDS: Final = 0.5
"""Without a write for so long, all is published."""

PATIENCE_SECONDS: Final = 60.0
"""So much virtual time may pass until all is published."""

LAST_STARTS: Final = 4

RESTART_SECONDS: Final = 0.3


class Broken(Exception):
    """The engine did what it must never do."""


class Simulated(Pipeline):
    """A pipeline on a broker that knows producers."""

    def __init__(self, time: Time, broker: Broker) -> None:
        super().__init__(time.ms, RULES)
        self.time = time
        self.kafka = broker
        self.workers = [PlainWorker(self), PlainWorker(self)]


class Sequence:
    """The world of one seed. `middle` is the changelog of each partition when all but the last event is counted."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.dials = Dials.drawn(self.random)
        self.time = Time(AT)
        self.broker = Broker(self.time)
        self.pipeline = Simulated(self.time, self.broker)
        self.injuries: Counter[str] = Counter()
        self._folded: dict[int, int] = {}
        self.loop = VirtualLoop(self.random, self.time, self.dials.in_order)
        self._network = Network(self.loop, self.random, self.dials.weather)
        self._events = Events(self.random)
        self._group = Group(self.random, PARTITIONS)
        self._workers: list[Worker] = []
        self._last: Worker | None = None
        self._born = 0
        self._starts_left = LAST_STARTS

    def run(self) -> None:
        """Play it. Raises Broken or NeverEnds."""
        with engine(self.dials):
            try:
                self.loop.run(self._play())
            finally:
                for worker in self._workers:
                    worker.die()
                self.loop.end()
        if self.loop.unhandled:
            raise Broken(f"an exception that nobody saw: {self.loop.unhandled[0]}")

    async def _play(self) -> None:
        around = [self.loop.create_task(work) for work in (self._group.run(), self._group.watch(), self._restart())]
        for _ in range(self.dials.events):
            self.send(self._events.next(self.time.ms))
            await self._interfere()
            await asyncio.sleep(self.random.random() * self.random.choice((0.0, 0.01, 0.1)))
        for task in around:
            task.cancel()
        for ended in await asyncio.gather(*around, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        await self._drain()

    def send(self, sent: Sent) -> None:
        if sent.skip:
            self.broker.skip(NAMES.source, sent.partition)
        else:
            self.pipeline.send(sent.partition, sent.key, sent.value)

    # What happens to the workers.

    async def _restart(self) -> None:
        """See that there are workers, as a supervisor does."""
        while True:
            self._note_ends()
            if len(self._workers) < self.dials.workers:
                self._group.join(self._start())
            await asyncio.sleep(self.random.random() * RESTART_SECONDS)

    def _start(self) -> Worker:
        self._born += 1
        worker = Worker(
            f"worker {self._born}",
            self.pipeline,
            self.broker,
            self._network,
            self.loop,
            self.random,
            self.dials.options,
            self._note_folded,
        )
        self._workers.append(worker)
        return worker

    async def _interfere(self) -> None:
        dials, injuries, draw = self.dials, self.injuries, self.random.random
        worker = self.random.choice(self._workers) if self._workers else None
        if worker is not None and worker.alive:
            if draw() < dials.kill:
                injuries["killed"] += 1
                worker.die()
            elif draw() < dials.crash and worker.steps_left < 0:
                injuries["crashed"] += 1
                worker.steps_left = self.random.randint(1, 400)
            elif draw() < dials.pause and not worker.paused:
                injuries["paused"] += 1
                worker.paused = True
                self.loop.call_later(self.random.random() * 2, self._wake, worker)
            elif draw() < dials.leave and not worker.paused:
                injuries["left"] += 1
                await self._leave(worker)
        if draw() < dials.rebalance:
            self._group.shuffle()
        if draw() < dials.clean:
            self._clean()
        if draw() < dials.jump:
            self._jump()

    @staticmethod
    def _wake(worker: Worker) -> None:
        worker.paused = False

    async def _leave(self, worker: Worker) -> None:
        """A graceful end, unless it takes too long."""
        leaving = worker.spawn(worker.leave)
        for _ in range(100):
            if leaving.done():
                break
            await asyncio.sleep(0.02)
        self._group.leave(worker)
        worker.die()

    def _clean(self) -> None:
        """The broker's cleaner comes by, and gets as far as it gets."""
        self.injuries["cleanings"] += 1
        for topic in (CHANGELOG, TOPICS.partials):
            for partition in self.broker.partitions(topic):
                self.broker.clean(topic, partition, self.random.randint(0, self.broker.end(topic, partition)))

    def _jump(self) -> None:
        """Time passes without an event, for all: partitions may be further apart than a board is kept."""
        self.loop.spend(self.random.choice(STEPS_MS) / 1000)

    def _note_folded(self, number: int, begin: int, end: int) -> None:
        """Records were folded from offset `begin` to `end`; some of them may have been folded before."""
        before = self._folded.get(number, 0)
        self.injuries["replayed"] += max(0, min(before, end) - begin)
        self._folded[number] = max(before, end)

    def _note_ends(self) -> None:
        for worker in [worker for worker in self._workers if not worker.alive]:
            self._workers.remove(worker)
            if worker.reason is not None:
                self._note_stop(worker.reason)

    def _note_stop(self, reason: BaseException) -> None:
        """A worker may stop itself because another is the owner, or because the broker cannot be reached."""
        self.injuries[f"stopped: {type(reason).__name__}"] += 1
        if type(reason) not in (Fenced, ChangelogError):
            raise Broken(f"a worker stopped without need: {reason!r}") from reason

    # How it ends.

    async def _drain(self) -> None:
        """One worker owns everything at last, in calm weather. Some that were before it have not heard of it."""
        self.dials.weather.calm()
        for worker in self._workers:
            worker.steps_left = -1
            if not worker.paused and self.random.random() < 0.5:
                worker.die()
        self.injuries["rebalances"] = self._group.rebalances
        await self._settle()
        self.middle = self.changelog()
        self.loop.spend(30 * HOUR_MS / 1000)
        for partition in range(PARTITIONS):
            self.send(self._events.plain(partition, self.time.ms))
        await self._settle()
        for idle_ms in (48 * HOUR_MS, MINUTE_MS, MINUTE_MS, MINUTE_MS):
            self.loop.spend(idle_ms / 1000)
            await self._settle()

    def _own_everything(self) -> None:
        """See that there is a last owner. It may have to be started again, when late writes of an older one arrive."""
        self._note_ends()
        if self._last is None or not self._last.alive:
            self._starts_left -= 1
            if self._starts_left < 0:
                raise Broken(f"the last owner stops again and again: {dict(self.injuries)}")
            self._last = self._start()
            self._last.assign(set(range(PARTITIONS)), merges=True)

    async def _settle(self) -> None:
        """Wait until everything is read and nothing has been written for a while."""
        deadline = self.loop.time() + PATIENCE_SECONDS
        writes, since = -1, 0.0
        while writes != self.broker.writes or self.loop.time() < since + QUIET_SECONDS or not self._is_read():
            if writes != self.broker.writes:
                writes, since = self.broker.writes, self.loop.time()
            self._own_everything()
            await asyncio.sleep(0.1)
            if self.loop.time() > deadline:
                raise Broken(f"not everything was read within {PATIENCE_SECONDS:.0f} s: {self._positions()}")

    def _positions(self) -> dict[int, tuple[int, int]]:
        """How far each partition was committed, and its end."""
        ends = {number: self.broker.end(NAMES.source, number) for number in range(PARTITIONS)}
        live = [worker.table.live for worker in self._workers if worker.alive]
        return {
            number: (max((each[number].committed for each in live if number in each), default=-1), end)
            for number, end in ends.items()
        }

    def _is_read(self) -> bool:
        """Whether all is counted, and merged by the last owner, if there is one already."""
        merged = self._last is None or self._last.replay.position == self.broker.end(TOPICS.partials)
        return merged and all(position == end for position, end in self._positions().values())

    def changelog(self) -> dict[int, dict[bytes, bytes | None]]:
        """The newest value of each key, by partition."""
        return {
            number: {record.key or b"": record.value for record in self.broker.records(CHANGELOG, number)}
            for number in range(PARTITIONS)
        }
