"""Reads partitions from outside the consumer group: changelogs back through a fence, logs for their bounds.

Each read has a consumer of its own: one that is assigned anew and stopped soon after can wait for ever, because
its fetcher swallows the cancellation (aiokafka 0.14.0).
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from operator import attrgetter
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.engine.batches import read_whole_batches
from app.engine.changelog import RowLoader
from app.engine.connecting import connected
from app.engine.rows import STEP

FETCH_BYTES: Final = 4 * 1024 * 1024

FETCH_WAIT_MS: Final = 20
"""What is read here is there already."""

RETRY_MS: Final = 20
"""A new client first hears that it does not know a topic yet, and asks for its offsets again after so long."""

_row = attrgetter("key", "value")
_offset = attrgetter("offset")

STOP_SECONDS: Final = 3.0


class LogReader:
    """Reads whole partitions and single records."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._connection = connection

    async def end_offsets(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        """Return the next offset of each partition."""
        async with self._consumer() as consumer:
            ends = await consumer.end_offsets([TopicPartition(topic, number) for number in partitions])
            return {tp.partition: end for tp, end in ends.items()}

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the first offset that is there and the next one to be written."""
        return (await self._bounds(topic, [partition]))[partition]

    async def sizes(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        """Return how many offsets each partition's log spans."""
        return {number: end - first for number, (first, end) in (await self._bounds(topic, partitions)).items()}

    async def _bounds(self, topic: str, partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
        asked = [TopicPartition(topic, number) for number in partitions]
        async with self._consumer() as consumer:
            firsts, ends = await consumer.beginning_offsets(asked), await consumer.end_offsets(asked)
            return {tp.partition: (firsts[tp], ends[tp]) for tp in asked}

    async def record_at(self, topic: str, partition: int, offset: int) -> Any | None:
        """Return the record at an offset before the log's end, or None if it is not there any more.

        Waits however long the broker takes: that it has not answered yet says nothing of the record.
        """
        tp = TopicPartition(topic, partition)
        async with self._consumer([tp]) as consumer:
            consumer.seek(tp, offset)
            found: Sequence[Any] = ()
            while not found and await consumer.position(tp) <= offset:
                found = (await consumer.getmany(tp, timeout_ms=1000, max_records=1)).get(tp, ())
            return next((record for record in found if record.offset == offset), None)

    async def offset_at(self, topic: str, partition: int, time_ms: int) -> int | None:
        """Return the offset of the first record of that time or later, or None if there is none."""
        tp = TopicPartition(topic, partition)
        async with self._consumer() as consumer:
            found = (await consumer.offsets_for_times({tp: max(0, time_ms)}))[tp]
            return None if found is None else int(found.offset)

    async def slices(
        self, topic: str, partition: int, begin: int, end: int, records: int
    ) -> AsyncGenerator[Sequence[Any], None]:
        """Yield the committed records from offset `begin` to `end`, at most so many at once."""
        if begin >= end:
            return
        tp = TopicPartition(topic, partition)
        async with self._consumer([tp], isolation_level="read_committed") as consumer:
            consumer.seek(tp, begin)
            while await consumer.position(tp) < end:
                found = (await consumer.getmany(tp, timeout_ms=1000, max_records=records)).get(tp, ())
                yield [record for record in found if record.offset < end]

    async def replay(self, topic: str, partition: int, take: Callable[[Any], None]) -> int:
        """Hand every record that is in the partition now to `take`. Returns the offset after the last."""
        end = (await self.end_offsets(topic, [partition]))[partition]
        async with aclosing(self._through(topic, {partition: end - 1})) as slices:
            async for _, records in slices:
                for record in records:
                    take(record)
        return end

    async def load(self, topic: str, loaders: Mapping[int, RowLoader], through: Mapping[int, int]) -> None:
        """Apply each partition's rows as of offset `through[partition]`: the newest of each key."""
        async with aclosing(self._through(topic, through)) as slices:
            async for number, records in slices:
                loaders[number].take(map(_row, records))
        for loader in loaders.values():
            for _ in loader.finish():
                await asyncio.sleep(0)

    async def _through(self, topic: str, through: Mapping[int, int]) -> AsyncGenerator[tuple[int, Sequence[Any]], None]:
        """Yield one partition's records after the other's, from the first through the given offset, in slices."""
        left = {TopicPartition(topic, number): last for number, last in through.items() if last >= 0}
        if not left:
            return
        async with self._consumer(list(left)) as consumer:
            await consumer.seek_to_beginning()
            for tp, last in left.items():
                while await consumer.position(tp) <= last:
                    records = (await consumer.getmany(tp, timeout_ms=1000, max_records=STEP)).get(tp, ())
                    yield tp.partition, records[: bisect_right(records, last, key=_offset)]
                    # What is fetched already is given without waiting: let others run.
                    await asyncio.sleep(0)

    @asynccontextmanager
    async def _consumer(
        self, assigned: Sequence[TopicPartition] = (), **options: Any
    ) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            **self._connection,
            **options,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=8 * FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            retry_backoff_ms=RETRY_MS,
        )
        await connected(consumer.start)
        try:
            read_whole_batches(consumer)
            if assigned:
                consumer.assign(assigned)
            # A consumer that is stopped in the step in which it was started raises CancelledError.
            await asyncio.sleep(0)
            yield consumer
        finally:
            await stop_consumer(consumer)


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop it, for at most a few seconds: a fetcher that swallowed the first cancellation gets a second one."""
    with suppress(TimeoutError):
        await asyncio.wait_for(consumer.stop(), STOP_SECONDS)
