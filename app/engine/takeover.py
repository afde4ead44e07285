"""Taking a partition over: fence the old owner, then read the changelog through the fence, then check the source."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from app.engine.changelog import FENCE_KEY, Commit, Row, RowLoader, record_hash
from app.engine.errors import SettingsChanged, SourceChanged, SourceLost
from app.engine.machine import Machine, Output
from app.engine.partition import Clock, FlushOptions, Identity, Partition
from app.engine.producer import FencedProducer
from app.engine.reader import LogReader
from app.engine.rows import Pressure

logger = structlog.get_logger(__name__)

RENEW_SECONDS: Final = 12 * 3600
"""A producer id is renewed this often: brokers forget one that is idle for a day on a partition
(producer.id.expiration.ms), and its transactional id after a week (transactional.id.expiration.ms)."""


class ChangelogPartition:
    """A partition's changelog and outputs, written by its fenced producer."""

    def __init__(self, topic: str, number: int, new_producer: Callable[[], FencedProducer]) -> None:
        self._topic = topic
        self._number = number
        self._new_producer = new_producer
        self._producer = new_producer()
        self._since = time.monotonic()

    async def fence(self) -> int:
        """Become the owner. Returns the offset of the fence row: whatever lies before it is all there will be."""
        await self._producer.start()
        row = (FENCE_KEY, self._producer.transactional_id.encode())
        return await self._producer.append(self._topic, self._number, [row], _now_ms())

    async def renew_if_due(self) -> int | None:
        """Between two runs: take the id again if it is old. Returns the offset of the new fence row, if any."""
        if time.monotonic() - self._since < RENEW_SECONDS:
            return None
        await self._producer.stop()
        self._producer = self._new_producer()
        self._since = time.monotonic()
        return await self.fence()

    async def append(self, rows: Sequence[Row], now_ms: int) -> int:
        return await self._producer.append(self._topic, self._number, rows, now_ms)

    async def publish(self, outputs: Sequence[Output], now_ms: int) -> None:
        await self._producer.publish(outputs, now_ms)

    async def stop(self) -> None:
        await self._producer.stop()


@dataclass(slots=True)
class Owner:
    """An owned partition and what it writes through."""

    partition: Partition
    log: ChangelogPartition

    async def close(self) -> None:
        await self.log.stop()


class TableSide(Protocol):
    """What a takeover needs of the table."""

    source: str
    flush_options: FlushOptions
    clock: Clock

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
    ) -> None:
        self.app_id = app_id
        self.changelog = changelog
        self.identity = identity
        self.connection = connection
        self._check_alive = check

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
        logs = {number: self._log(number) for number in sorted(numbers)}
        try:
            fences = {number: await log.fence() for number, log in logs.items()}
            owners = await self._read(table, logs, fences, LogReader(self.connection))
        except BaseException:
            for log in logs.values():
                await log.stop()
            raise
        logger.info("recovered", partitions=sorted(numbers), seconds=round(time.monotonic() - started, 2))
        return owners

    def _log(self, number: int) -> ChangelogPartition:
        def new_producer() -> FencedProducer:
            return FencedProducer(f"{self.app_id}-{number}", self.connection, self._check_alive)

        return ChangelogPartition(self.changelog, number, new_producer)

    async def _read(
        self,
        table: TableSide,
        logs: Mapping[int, ChangelogPartition],
        fences: Mapping[int, int],
        reader: LogReader,
    ) -> dict[int, Owner]:
        pressures = {number: Pressure() for number in logs}
        machines = {number: table.machine_for(number, pressures[number]) for number in logs}
        loaders = {number: RowLoader(machine.families) for number, machine in machines.items()}
        await reader.load(self.changelog, loaders, fences)
        owners = {}
        for number, log in logs.items():
            commit = loaders[number].commit
            highwater = await self._check(table.source, number, commit, reader)
            machines[number].restore(commit.mark if commit else 0)
            partition = Partition(
                number,
                machines[number],
                pressures[number],
                log,
                self.identity,
                commit=commit,
                next_changelog=fences[number] + 1,
                options=table.flush_options,
                clock=table.clock,
            )
            partition.highwater = highwater
            owners[number] = Owner(partition, log)
        return owners

    async def _check(self, source: str, number: int, commit: Commit | None, reader: LogReader) -> int:
        """Is the source log the one that the state was made from? Returns its end."""
        first, after = await reader.bounds(source, number)
        where = f"{source}[{number}]"
        if commit is None:
            if first > 0:
                logger.warning("the log does not begin at 0; counting starts where it begins", partition=where)
            return after
        self._check_identity(commit)
        if commit.position > after:
            raise SourceChanged(
                f"{where} ends at {after}, but the state has counted up to {commit.position}: the topic was recreated "
                "or truncated; restore it, or start with a new GIFTSTREAM_APP_ID to count the log as it is now"
            )
        if commit.position < first:
            raise SourceLost(
                f"{where} begins at {first}, but the next record to count is {commit.position}: retention deleted "
                f"{first - commit.position} records; accept the loss with --accept-gap {number}:{first}"
            )
        await self._check_last(source, number, commit, first, reader)
        return after

    def _check_identity(self, commit: Commit) -> None:
        found = Identity(commit.partitions, commit.settings)
        if found != self.identity:
            raise SettingsChanged(
                f"the state was counted with {found.partitions} partitions and settings {found.settings}, this worker "
                f"has {self.identity.partitions} and {self.identity.settings}; go back to those settings, or count "
                "anew under a new GIFTSTREAM_APP_ID"
            )

    async def _check_last(self, source: str, number: int, commit: Commit, first: int, reader: LogReader) -> None:
        if commit.last_offset < first:
            return
        record = await reader.record_at(source, number, commit.last_offset)
        if record is None or record_hash(record) != commit.last_hash:
            raise SourceChanged(
                f"{source}[{number}]: record {commit.last_offset} is not the one that was counted: the topic was "
                "recreated; restore it, or start with a new GIFTSTREAM_APP_ID to count the log as it is now"
            )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
