"""Taking a partition over: fence the old owner, then read the changelog through the fence, then check the source."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from app.engine.changelog import FENCE_KEY, RowLoader
from app.engine.clock import Clock, now_ms
from app.engine.commit import Commit
from app.engine.errors import Fenced
from app.engine.machine import Machine, Output
from app.engine.observer import Observer
from app.engine.partition import FlushOptions, Identity, Partition
from app.engine.producer import FencedProducer
from app.engine.reader import LogReader
from app.engine.rows import Pressure, Rows
from app.engine.source_check import SourceCheck, Start
from app.engine.turns import Turns

logger = structlog.get_logger(__name__)

RENEW_SECONDS: Final = 12 * 3600
"""A producer id is renewed this often: brokers forget one that is idle for a day on a partition
(producer.id.expiration.ms), and its transactional id after a week (transactional.id.expiration.ms)."""


class ChangelogPartition:
    """A partition's changelog and outputs, written by its fenced producer."""

    def __init__(self, topic: str, number: int, new_producer: Callable[[], FencedProducer], reader: LogReader) -> None:
        self._topic = topic
        self._number = number
        self._new_producer = new_producer
        self._reader = reader
        self._producer = new_producer()
        self._since = time.monotonic()

    async def fence(self) -> int:
        """Become the owner. Returns the offset of the fence row: whatever lies before it is all there will be."""
        kept_at, _ = await self._fence()
        return kept_at

    async def renew_if_due(self, end: int) -> int:
        """Between two runs: take the id again if it is old. `end`: where the changelog ended by this owner's last ack.

        Returns where it ends now. Raises Fenced if somebody else has written: an owner that slept for so long must not
        fence the one that has taken over.
        """
        if time.monotonic() - self._since < RENEW_SECONDS:
            return end
        self._demand(end, (await self._reader.end_offsets(self._topic, [self._number]))[self._number])
        await self._producer.stop()
        self._producer = self._new_producer()
        self._since = time.monotonic()
        kept_at, rows = await self._fence()
        self._demand(end + rows, kept_at + 1)
        return kept_at + 1

    async def _fence(self) -> tuple[int, int]:
        """Append a fence row whose place is known. Returns its offset, and how many it took."""
        await self._producer.start()
        row = Rows([(FENCE_KEY, self._producer.transactional_id.encode())])
        kept_at, rows = -1, 0
        while kept_at < 0:
            # An ack that does not say where the row lies is no place to read to: one more row has a place.
            kept_at = await self._producer.append(self._topic, self._number, row, now_ms())
            rows += 1
        return kept_at, rows

    def _demand(self, end: int, found: int) -> None:
        if found != end:
            raise Fenced(
                f"changelog of partition {self._number}: it ends at {found} instead of {end}; another worker owns or "
                "owned this partition meanwhile; start this worker again to join"
            )

    async def append(self, rows: Rows, now_ms: int) -> int:
        return await self._producer.append(self._topic, self._number, rows, now_ms)

    async def publish(self, outputs: Sequence[Output], now_ms: int) -> None:
        await self._producer.publish(outputs, now_ms)

    async def stop(self) -> None:
        await self._producer.stop()


@dataclass(slots=True)
class Owner:
    """An owned partition and what it writes through; so many `rows` were recovered for it."""

    partition: Partition
    log: ChangelogPartition
    rows: int = 0

    async def close(self) -> None:
        await self.log.stop()
        self.partition.machine.release()


class TableSide(Protocol):
    """What a takeover needs of the table."""

    source: str
    flush_options: FlushOptions
    turns: Turns
    clock: Clock
    observer: Observer

    def machine_for(self, number: int, pressure: Pressure) -> Machine: ...


class Takeover:
    """Recovers partitions of one table."""

    def __init__(
        self,
        app_id: str,
        changelog: str,
        identity: Identity,
        connection: dict[str, Any],
        check: Callable[[], None] = lambda: None,
        accepted_gaps: Mapping[int, int] | None = None,
        whole: bool = False,
    ) -> None:
        """`accepted_gaps` and `whole` are those of `SourceCheck`."""
        self.app_id = app_id
        self.changelog = changelog
        self.identity = identity
        self.connection = connection
        self._check_alive = check
        self._accepted = dict(accepted_gaps or {})
        self._whole = whole

    async def unchanged(self, owners: Mapping[int, Owner]) -> set[int]:
        """Those partitions whose changelog still ends at their own last run: their memory is the state."""
        if not owners:
            return set()
        ends = await LogReader(self.connection).end_offsets(self.changelog, list(owners))
        return {number for number, owner in owners.items() if ends[number] == owner.partition.next_changelog}

    async def recover(self, table: TableSide, numbers: set[int]) -> dict[int, Owner]:
        """Fence, read and check the partitions. Raises an EngineError if one cannot be trusted."""
        if not numbers:
            return {}
        started = time.monotonic()
        logs = {number: self._log(number, table.observer) for number in sorted(numbers)}
        try:
            fences = {number: await log.fence() for number, log in logs.items()}
            logger.info("fenced former owners", partitions=sorted(fences))
            owners = await self._read(table, logs, fences, LogReader(self.connection))
        except BaseException:
            for log in logs.values():
                await log.stop()
            raise
        rows, seconds = sum(owner.rows for owner in owners.values()), round(time.monotonic() - started, 2)
        logger.info("recovered", partitions=sorted(numbers), rows=rows, seconds=seconds)
        return owners

    def _log(self, number: int, observer: Observer) -> ChangelogPartition:
        def new_producer() -> FencedProducer:
            return FencedProducer(f"{self.app_id}-{number}", self.connection, self._check_alive, observer)

        return ChangelogPartition(self.changelog, number, new_producer, LogReader(self.connection))

    async def _read(
        self, table: TableSide, logs: Mapping[int, ChangelogPartition], fences: Mapping[int, int], reader: LogReader
    ) -> dict[int, Owner]:
        pressures = {number: Pressure() for number in logs}
        machines = {number: table.machine_for(number, pressures[number]) for number in logs}
        loaders = {number: RowLoader(machine.families) for number, machine in machines.items()}
        await reader.load(self.changelog, loaders, fences)
        check = SourceCheck(table.source, self.identity, reader, self._accepted, self._whole)
        starts = await asyncio.gather(*(check.start(number, loaders[number].commit) for number in logs))
        owners = {}
        for (number, log), start in zip(logs.items(), starts, strict=True):
            commit = loaders[number].commit
            partition = Partition(
                number,
                machines[number],
                pressures[number],
                log,
                self.identity,
                commit=commit,
                start=start.position,
                next_changelog=fences[number] + 1,
                options=table.flush_options,
                clock=table.clock,
                observer=table.observer,
                turns=table.turns,
            )
            _restore(machines[number], commit, start)
            partition.highwater = start.end
            owners[number] = Owner(partition, log, loaders[number].rows)
        return owners


def _restore(machine: Machine, commit: Commit | None, start: Start) -> None:
    machine.restore(commit.mark if commit else start.position)
    if start.lost is not None:
        machine.lost(*start.lost)
