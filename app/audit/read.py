"""Reading partitions of a Kafka log from the first offset that is kept to the end that it had when asked.

No consumer group is joined and nothing is committed. Only committed records are returned.
"""

from asyncio import get_running_loop, sleep
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError

MAX_RECORDS: Final = 1_000
POLL_MS: Final = 100
STALL_SECONDS: Final = 60.0

Batch = Sequence[ConsumerRecord[bytes | None, bytes | None]]


class AuditError(Exception):
    """The audit could not be done; the message says why and what to do."""


class Bounds(NamedTuple):
    """The first offset that is kept, and the offset after the last committed record."""

    start: int
    end: int


class LogReader:
    """A connection to read with, as an async context manager.

    `connection` holds further aiokafka connection arguments (TLS, SASL). Entering raises AuditError if no broker
    answers.
    """

    def __init__(self, bootstrap: str, connection: Mapping[str, Any] | None = None) -> None:
        self._connection = {**(connection or {}), "bootstrap_servers": bootstrap}
        self._consumer = self._new_consumer()
        self._partitions: dict[str, list[int]] = {}

    async def __aenter__(self) -> "LogReader":
        try:
            self._partitions = await _describe(self._connection)
            await _start(self._consumer)
        except BaseException as error:
            await self._consumer.stop()
            if isinstance(error, KafkaConnectionError):
                where = self._connection["bootstrap_servers"]
                raise AuditError(f"no Kafka broker answers at {where}") from error
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    def partitions(self, topic: str) -> Sequence[int]:
        """Return the partition numbers of a topic, none if there is no such topic."""
        return self._partitions.get(topic, [])

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """Return the offsets between which committed records may be read now."""
        source = TopicPartition(topic, partition)
        end = (await self._consumer.end_offsets([source]))[source]
        start = (await self._consumer.beginning_offsets([source]))[source]
        return Bounds(start, max(start, end))

    async def batches(self, topic: str, partition: int, bounds: Bounds) -> AsyncIterator[Batch]:
        """Yield the records within the bounds, in offset order, a run at a time.

        Raises AuditError if the broker stops answering, or deletes records that were still to be read.
        """
        if bounds.start == bounds.end:
            return
        source = TopicPartition(topic, partition)
        consumer = self._new_consumer()
        consumer.assign([source])
        try:
            await _start(consumer)
            consumer.seek(source, bounds.start)
            async for batch in _until(consumer, source, bounds.end):
                yield batch
        finally:
            await consumer.stop()

    async def records(self, topic: str) -> AsyncIterator[ConsumerRecord[bytes | None, bytes | None]]:
        """Yield every record of a topic, one partition after the other."""
        for partition in self.partitions(topic):
            bounds = await self.bounds(topic, partition)
            async for batch in self.batches(topic, partition, bounds):
                for record in batch:
                    yield record

    def _new_consumer(self) -> AIOKafkaConsumer:
        """Return one that is assigned at most once: stopped right after a change of assignment, it may never end."""
        return AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            **self._connection,
        )


async def _start(consumer: AIOKafkaConsumer) -> None:
    """Start it, and let its tasks begin: one that is stopped before that raises CancelledError."""
    await consumer.start()
    await sleep(0)


async def _until(consumer: AIOKafkaConsumer, source: TopicPartition, end: int) -> AsyncIterator[Batch]:
    clock = get_running_loop().time
    heard = clock()
    position = await consumer.position(source)
    while position < end:
        if records := await _poll(consumer, source):
            yield [record for record in records if record.offset < end]
        before, position = position, await consumer.position(source)
        if position > before:
            heard = clock()
        elif clock() - heard > STALL_SECONDS:
            raise AuditError(f"{source.topic} partition {source.partition} gave nothing for {STALL_SECONDS:.0f} s")


async def _poll(consumer: AIOKafkaConsumer, source: TopicPartition) -> Batch:
    try:
        polled = await consumer.getmany(source, timeout_ms=POLL_MS, max_records=MAX_RECORDS)
    except OffsetOutOfRangeError as error:
        message = f"{source.topic} lost records to retention while it was read; run again"
        raise AuditError(message) from error
    records: Batch = polled.get(source, ())
    return records


async def _describe(connection: Mapping[str, Any]) -> dict[str, list[int]]:
    """Return the partitions of every topic. Asking for all of them creates none."""
    admin = AIOKafkaAdminClient(**connection)
    try:
        await admin.start()
        topics = await admin.describe_topics()
    finally:
        await admin.close()
    return {topic["topic"]: sorted(p["partition"] for p in topic["partitions"]) for topic in topics}
