"""A Faust table whose rows live in partitions of typed families, one state machine each."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import faust
import structlog
from faust.types import TP

from app.engine.assignor import Weights, weigh
from app.engine.clock import Clock
from app.engine.fail_stop import FailStop, fail_stop
from app.engine.machine import Machine
from app.engine.observer import Observer
from app.engine.partition import FlushOptions, Partition
from app.engine.reader import LogReader
from app.engine.rows import Pressure
from app.engine.runs import Run
from app.engine.takeover import Owner, Takeover
from app.engine.turns import Turns

logger = structlog.get_logger(__name__)

MachineFactory = Callable[[int, Pressure], Machine]


class StateTable(faust.Table[Any, Any]):
    """The state of every owned partition of one source topic.

    An agent on the source topic hands each run to `fold`. Faust assigns the changelog's partitions together with
    the source's; the engine's recovery calls `take_over`, its revocation `freeze`.
    """

    source: str
    machine_for: MachineFactory
    takeover: Takeover

    def configure(
        self,
        source: str,
        machine_for: MachineFactory,
        takeover: Takeover,
        *,
        options: FlushOptions | None = None,
        clock: Clock | None = None,
        observer: Observer | None = None,
        stop: FailStop = fail_stop,
    ) -> "StateTable":
        """Say what the table is made from. Called once, before the app starts."""
        self.source = source
        self.machine_for = machine_for
        self.takeover = takeover
        self.flush_options = options or FlushOptions()
        self.turns = Turns()
        self.clock = clock or Clock()
        self.stop_worker = stop
        self.owned: dict[int, Owner] = {}
        self.observer = observer or Observer()
        self._flushers: dict[int, asyncio.Task[None]] = {}
        self._moving = asyncio.Lock()
        return self

    def persisted_offset(self, tp: TP) -> int | None:
        """Faust's own recovery has nothing to do here."""
        return None

    async def on_start(self) -> None:
        """Nothing to declare: topics are created by the operator, and checked at start."""

    async def weigh(self) -> Weights:
        """Return how much each partition of the source holds."""
        takeover = self.takeover
        return await weigh(LogReader(takeover.connection), self.source, takeover.identity.partitions)

    @property
    def live(self) -> Mapping[int, Partition]:
        """The partitions that are owned and folding."""
        return {number: owner.partition for number, owner in self.owned.items() if not owner.partition.frozen}

    async def fold(self, run: Run) -> None:
        """Fold one run of the source topic. Whatever goes wrong ends the worker."""
        owner = self.owned.get(run.partition)
        if owner is None or owner.partition.frozen:
            return
        try:
            if owner.partition.continuity.needs_seek(run):
                logger.warning("records are missing in front of a run, seeking back", partition=run.partition)
                await self.app.consumer.perform_seek()
            await owner.partition.fold(run)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.stop_worker(error)

    async def take_over(self, numbers: set[int]) -> None:
        """Own exactly these partitions: keep what is still ours, give up the rest, recover what is new.

        One that was given up by a newer rebalance, but has not ended yet, comes first.
        """
        async with self._moving:
            begun = time.monotonic()
            for number in set(self.owned) - numbers:
                await self._give_up(number)
            kept = await self.takeover.unchanged({n: o for n, o in self.owned.items() if n in numbers})
            for number in numbers & set(self.owned) - kept:
                await self._give_up(number)
            new = await self.takeover.recover(self, numbers - kept)
            self.owned.update(new)
            self._thaw(numbers)
            seconds = time.monotonic() - begun
            logger.info("assigned", partitions=sorted(numbers), kept=sorted(kept), seconds=round(seconds, 2))
            self.observer.recovered(seconds)

    def _thaw(self, numbers: set[int]) -> None:
        """Let partitions fold and flush."""
        for number in numbers:
            self.owned[number].partition.thaw()
            self._start_flushing(number)

    async def freeze(self) -> None:
        """Partitions are revoked: the last run of each goes out, then nothing more. No takeover runs meanwhile."""
        self.observer.revoking()
        begun = time.monotonic()
        await asyncio.gather(*(owner.partition.freeze() for owner in self.owned.values()))
        flushers = list(self._flushers.items())
        for number, task in flushers:
            await task
            if self._flushers.get(number) is task:
                del self._flushers[number]
        seconds = time.monotonic() - begun
        if self.owned:
            logger.info("gave back, the last runs are out", partitions=sorted(self.owned), seconds=round(seconds, 2))
        self.observer.revoked(seconds)

    async def close(self) -> None:
        """Give up everything: the worker stops."""
        async with self._moving:
            for number in list(self.owned):
                await self._give_up(number)

    def positions(self) -> dict[TP, int]:
        """The next offset of each owned source partition."""
        return {TP(self.source, number): partition.position for number, partition in self.live.items()}

    def committed(self) -> dict[TP, int]:
        """The position of each partition's last acknowledged run, those that are being given back included."""
        return {TP(self.source, number): owner.partition.committed for number, owner in self.owned.items()}

    def _start_flushing(self, number: int) -> None:
        if number in self._flushers and not self._flushers[number].done():
            return
        task = asyncio.create_task(self.owned[number].partition.flush_forever(), name=f"flush-{number}")
        task.add_done_callback(self._flush_ended)
        self._flushers[number] = task

    def _flush_ended(self, task: "asyncio.Task[None]") -> None:
        """A cancelled flush may have taken rows that are not acknowledged: as fatal as a failed one."""
        if task.cancelled():
            self.stop_worker(RuntimeError(f"{task.get_name()} was cancelled"))
        elif (error := task.exception()) is not None:
            self.stop_worker(error)

    async def _give_up(self, number: int) -> None:
        await self.owned.pop(number).close()
