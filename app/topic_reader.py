"""Reading whole topics without a consumer group: from the beginning to the end, or on and on."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from app.connection import client_options
from app.errors import UsageError
from app.settings import Settings
from app.topics import partition_counts

POLL_MS: Final = 200


async def read_to_end(settings: Settings, topics: Sequence[str]) -> AsyncIterator[ConsumerRecord]:
    """Yield every record that is in the topics now. Raises BrokerUnreachable; UsageError for no topic."""
    async with _consumer(settings, topics) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        while await _behind(consumer, ends):
            async for record in _poll(consumer):
                if record.offset < ends[TopicPartition(record.topic, record.partition)]:
                    yield record


async def follow(settings: Settings, topics: Sequence[str]) -> AsyncIterator[ConsumerRecord | None]:
    """Yield every record of the topics, old and new, for ever, and None whenever all has been read."""
    async with _consumer(settings, topics) as consumer:
        while True:
            empty = True
            async for record in _poll(consumer):
                empty = False
                yield record
            if empty:
                yield None


@asynccontextmanager
async def _consumer(settings: Settings, topics: Sequence[str]) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a consumer that stands at the beginning of every partition of the topics."""
    partitions = await _partitions(settings, topics)
    consumer = AIOKafkaConsumer(enable_auto_commit=False, auto_offset_reset="earliest", **client_options(settings))
    try:
        await consumer.start()
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        yield consumer
    finally:
        await consumer.stop()


async def _partitions(settings: Settings, topics: Sequence[str]) -> list[TopicPartition]:
    counts = await partition_counts(settings, topics)
    for topic in topics:
        if topic not in counts:
            seen = "" if settings.security_protocol == "PLAINTEXT" else ", or none that this user may see"
            raise UsageError(f"There is no topic {topic}{seen}", do="Run `giftstream topics create`")
    return [TopicPartition(topic, p) for topic in topics for p in range(counts[topic])]


async def _behind(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return True
    return False


async def _poll(consumer: AIOKafkaConsumer) -> AsyncIterator[Any]:
    for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
        for record in records:
            yield record
