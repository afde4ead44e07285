"""Engines with one thing left out, each of which the simulation has to find: the proof that it has teeth."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from unittest.mock import patch

from app.engine.changelog import FENCE_KEY
from app.engine.commit import Commit, commit_row
from app.engine.partition import Partition
from app.engine.producer import FencedProducer
from app.engine.reader import LogReader
from app.engine.rows import Rows
from app.engine.takeover import ChangelogPartition, Owner, TableSide, Takeover
from tests.faults.simulation.broker import Broker

Mutation = Any
"""A context manager: the engine is another inside of it."""


def no_fence() -> Mutation:
    """The broker takes what an old owner writes."""
    return patch.object(Broker, "is_fenced", lambda broker, heard, epoch: False)


def two_batches() -> Mutation:
    """A run goes out in two batches: the rows, then the commit row."""
    append = FencedProducer.append

    async def in_two(self: FencedProducer, topic: str, partition: int, rows: Rows, now_ms: int) -> int:
        *first, last = rows
        if not first:
            return await append(self, topic, partition, Rows([last]), now_ms)
        base = await append(self, topic, partition, Rows(first), now_ms)
        await append(self, topic, partition, Rows([last]), now_ms)
        return base

    return patch.object(FencedProducer, "append", in_two)


def outputs_first() -> Mutation:
    """Boards are published before the rows behind them are acknowledged."""
    send = Partition._send

    async def sent(self: Partition, cut: Any) -> None:
        if cut.after:
            await self.log.publish(cut.after, self._clock.now_ms())
        await send(self, cut._replace(after=()))

    return patch.object(Partition, "_send", sent)


def dead_letters_last() -> Mutation:
    """Dead letters go out after the run that has moved past them."""
    send = Partition._send

    async def sent(self: Partition, cut: Any) -> None:
        await send(self, cut._replace(before=()))
        if cut.before:
            await self.log.publish(cut.before, self._clock.now_ms())

    return patch.object(Partition, "_send", sent)


def position_apart() -> Mutation:
    """The commit row holds the position of the run before, as offsets do that are committed later."""
    cut = Partition._cut

    def before(self: Partition) -> Any:
        made = cut(self)
        if made is None:
            return None
        *first, _ = made.rows
        commit = made.commit
        lagging = Commit(commit.format, self._durable, -1, b"", min(commit.mark, self._durable), *self._identity)
        return made._replace(rows=Rows([*first, commit_row(lagging)]))

    return patch.object(Partition, "_cut", before)


def nothing_again() -> Mutation:
    """A takeover publishes nothing again: the commit row says that everything was."""
    commit = Partition._commit

    def all_published(self: Partition) -> Commit:
        made = commit(self)
        return Commit(made.format, made.position, made.last_offset, made.last_hash, made.position, *self._identity)

    return patch.object(Partition, "_commit", all_published)


def read_then_fence() -> Mutation:
    """A takeover reads the changelog to its end, and fences the old owner only then."""

    async def recover(self: Takeover, table: TableSide, numbers: set[int]) -> dict[int, Owner]:
        reader = LogReader(self.connection)
        ends = await reader.end_offsets(self.changelog, sorted(numbers)) if numbers else {}
        logs = {number: self._log(number, table.observer) for number in sorted(numbers)}
        owners = await self._read(table, logs, {number: end - 1 for number, end in ends.items()}, reader)
        for number, log in logs.items():
            owners[number].partition.next_changelog = await log.fence() + 1
        return owners

    return patch.object(Takeover, "recover", recover)


def memory_kept() -> Mutation:
    """Who is assigned a partition again goes on with what it had, whoever wrote in between."""

    async def unchanged(self: Takeover, owners: Mapping[int, Owner]) -> set[int]:
        return set(owners)

    return patch.object(Takeover, "unchanged", unchanged)


def place_unknown() -> Mutation:
    """A takeover takes a fence row's ack that names no offset."""

    async def fence(self: ChangelogPartition) -> int:
        await self._producer.start()
        return await self._producer.append(self._topic, self._number, Rows([(FENCE_KEY, b"")]), 0)

    return patch.object(ChangelogPartition, "fence", fence)


MUTANTS: Final[Mapping[str, Callable[[], Mutation]]] = {
    mutant.__name__: mutant
    for mutant in (
        no_fence,
        two_batches,
        outputs_first,
        dead_letters_last,
        position_apart,
        nothing_again,
        read_then_fence,
        memory_kept,
        place_unknown,
    )
}
