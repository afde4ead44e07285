"""Has a worker under fault injection write into the journal what shows that it was injured."""

from typing import Any

from faust.types import TP

from app.engine.consumer import RunConsumer
from app.engine.partition import Partition
from app.engine.table import StateTable
from tests.faults.journal import Journal
from tests.faults.wrapping import Method, wrap


def watch(journal: Journal) -> None:
    """Wrap the places in the engine at which positions become known."""
    _watch_positions(journal)
    _watch_takeovers(journal)
    _watch_assignments(journal)


def _watch_positions(journal: Journal) -> None:
    @wrap(Partition, "_fold_slice")
    def _(fold_slice: Method) -> Method:
        def folded(partition: Partition, records: Any) -> None:
            fold_slice(partition, records)
            journal.folded(partition.number, partition.position)

        return folded

    @wrap(Partition, "_send")
    def _(send: Method) -> Method:
        async def sent(partition: Partition, cut: Any) -> None:
            await send(partition, cut)
            journal.published(partition.number, partition.committed)

        return sent


def _watch_takeovers(journal: Journal) -> None:
    @wrap(StateTable, "take_over")
    def _(take_over: Method) -> Method:
        async def taken_over(table: StateTable, numbers: set[int]) -> None:
            before = dict(table.owned)
            await take_over(table, numbers)
            for number in numbers:
                if before.get(number) is not table.owned[number]:
                    _took_over(journal, table.owned[number].partition)

        return taken_over


def _took_over(journal: Journal, partition: Partition) -> None:
    """A partition was recovered. (One that is kept goes on with its memory, and nothing of it is done again.)"""
    at = partition.position
    journal.write(
        "taken_over",
        partition=partition.number,
        position=at,
        refolded=max(0, journal.folded_by_anyone(partition.number) - at),
        republished=max(0, at - partition.machine.mark()),
    )


def _watch_assignments(journal: Journal) -> None:
    @wrap(RunConsumer, "on_partitions_assigned")
    def _(on_assigned: Method) -> Method:
        async def assigned(consumer: RunConsumer, tps: set[TP], generation_id: int = 0) -> None:
            journal.write("assigned", generation=generation_id, partitions=len(tps))
            await on_assigned(consumer, tps, generation_id)

        return assigned
