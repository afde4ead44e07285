"""One worker process: the engine's own classes where Faust would call them, and a death that nothing survives.

The order of calls in a rebalance is Faust's: revoked partitions are frozen in one task, the recovery runs in another
and is cancelled, but not waited for, when the next assignment comes.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import partial
from random import Random
from typing import Any, Final, NoReturn

from faust.types import TP

from agents.domain.merge import Merge
from agents.merge import MergedBoards
from app.engine.app import EngineApp
from app.engine.clock import Clock
from app.engine.partition import FlushOptions
from app.engine.recovery import Move, TakeoverRecovery
from app.engine.replay import Replay
from app.engine.runs import Run
from app.engine.table import StateTable
from app.engine.takeover import Takeover
from app.pipeline import identity
from tests.agents.in_process import CHANGELOG, NAMES, TOPICS, Pipeline
from tests.faults.simulation.broker import Broker
from tests.faults.simulation.delivery import Delivery
from tests.faults.simulation.loop import PROCESS, VirtualLoop
from tests.faults.simulation.network import Network

APP_ID: Final = "giftstream"
REPORT_SECONDS: Final = 1.0
COMPUTING: Final = (0.0, 0.0, 0.0, 0.003, 0.012)
"""Seconds that pass between two looks at the monotonic clock."""


class Gone(BaseException):
    """The process has ended."""


class Table(StateTable):
    """The state table without the Faust app behind it."""

    changelog_topic_name = CHANGELOG

    def __init__(self, app: Any) -> None:
        self.app = app


class Worker:
    """A process of the pipeline. What it owns is in its memory only."""

    _freeze: Any = EngineApp._freeze
    _pass_over: Any = EngineApp._pass_over
    fold_replayed: Any = EngineApp.fold_replayed
    seek_targets: Any = EngineApp.seek_targets

    def __init__(
        self,
        name: str,
        pipeline: Pipeline,
        broker: Broker,
        network: Network,
        loop: VirtualLoop,
        random: Random,
        options: FlushOptions,
        folded: Callable[[int, int, int], None],
    ) -> None:
        """`folded` is told partition, begin and end of what was folded."""
        self.name = name
        self.broker = broker
        self.network = network
        self.alive = True
        self.paused = False
        self.reason: BaseException | None = None
        self.steps_left = -1
        self.active_tps: set[TP] = set()
        self.app = self
        self._folded = folded
        self._random = random
        self._loop = loop
        self._tasks: list[asyncio.Task[Any]] = []
        self._recovery_wanted = asyncio.Event()
        self._context = copy_context()
        self._context.run(PROCESS.set, self)
        self._context.run(self._start, pipeline, options)

    def _start(self, pipeline: Pipeline, options: FlushOptions) -> None:
        connection = {"host": self}
        takeover = Takeover(APP_ID, CHANGELOG, identity(pipeline.rules), connection, self._check)
        self.table = Table(self)
        clock = Clock(lambda: int(self._loop.time() * 1000), self._monotonic)
        self.table.configure(
            NAMES.source, pipeline.machine, takeover, options=options, clock=clock, stop=self.stop_worker
        )
        self.replay = Replay(
            TOPICS.partials,
            TOPICS.streams,
            f"{APP_ID}-merge",
            lambda: MergedBoards(Merge(pipeline.rules), TOPICS.streams, lambda merged: None),
            connection,
            self._check,
            self.stop_worker,
        )
        self.replays = [self.replay]
        self.move = Move()
        self.consumer = Delivery(
            self, {NAMES.source: self._fold, TOPICS.partials: self._fold_partials}, self.seek_targets
        )
        self._loop.create_task(self._recover_forever())
        self._loop.create_task(self._report_forever())

    async def _fold(self, run: Run) -> None:
        owner = self.table.owned.get(run.partition)
        begin = owner.partition.position if owner else 0
        try:
            await self.table.fold(run)
        finally:
            if owner is not None:
                self._folded(run.partition, begin, owner.partition.position)

    async def _fold_partials(self, run: Run) -> None:
        await self.fold_replayed(self.replay, run)

    def state_tables(self) -> list[StateTable]:
        return [self.table]

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> "asyncio.Task[None]":
        """Have the process do something."""
        return self._loop.create_task(work(), context=self._context)

    # What Faust does.

    async def revoke(self) -> None:
        """Partitions are about to be given back: everything stops flowing, and the last runs go out."""
        self.consumer.stop_flow()
        await asyncio.sleep(0)
        await self._freeze_or_stop()

    def assign(self, partitions: set[int], merges: bool) -> None:
        """A new assignment, whole. The recovery follows."""
        self.active_tps = {TP(CHANGELOG, number) for number in partitions}
        source = {TP(NAMES.source, number) for number in partitions}
        self.consumer.assign(source | ({self.replay.tp} if merges else set()))
        self.move.permit()
        self._recovery_wanted.set()

    async def leave(self) -> None:
        """Graceful end: the last runs go out before the partitions are given back."""
        await self._freeze_or_stop()
        await self.table.close()

    async def _freeze_or_stop(self) -> None:
        try:
            await self._freeze()
        except Exception as error:
            self.stop_worker(error)

    async def _recover_forever(self) -> None:
        while True:
            await self._recovery_wanted.wait()
            self._recovery_wanted.clear()
            if await self._unless_wanted_again(self.move.run(partial(TakeoverRecovery._take_over, self))):  # type: ignore[arg-type]
                await asyncio.sleep(0)
                if await self._unless_wanted_again(self.consumer.perform_seek()):
                    self.consumer.resume_flow()

    async def _unless_wanted_again(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do the work; give it up, and return False, as soon as another recovery is wanted."""
        task = self._loop.create_task(work)
        again = self._loop.create_task(self._recovery_wanted.wait())
        ended: asyncio.Future[None] = self._loop.create_future()

        def end(which: "asyncio.Task[Any]") -> None:
            if not ended.done():
                ended.set_result(None)

        for each in (task, again):
            each.add_done_callback(end)
        await ended
        if again.done():
            task.cancel()
            return False
        again.cancel()
        task.result()
        return True

    async def _report_forever(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            await self._pass_over()

    # How it ends.

    def born(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.append(task)
        if not self.alive:
            task.cancel()

    def about_to_step(self) -> None:
        if self.steps_left > 0:
            self.steps_left -= 1
            if self.steps_left == 0:
                self.die()

    def die(self) -> None:
        """Lose everything, now: what its tasks still do has no effect on anything outside."""
        self.alive = self.paused = False
        for task in self._tasks:
            task.cancel()

    def stop_worker(self, error: BaseException) -> NoReturn:
        """The process ends itself."""
        if self.alive:
            self.reason = error
            self.die()
        raise Gone

    def _check(self) -> None:
        if not self.alive:
            raise Gone

    # What its clients and clocks draw.

    def chance(self, likely: float) -> bool:
        return likely > 0 and self._random.random() < likely

    def number(self, most: int) -> int:
        return self._random.randrange(most)

    def _monotonic(self) -> float:
        self._loop.spend(self._random.choice(COMPUTING))
        return self._loop.time()
