"""The two clients of a repartition: what is committed in the old log comes in, transactions into the new one go out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from app.connection import client_options
from app.engine.connecting import connected
from app.engine.reader import stop_consumer
from app.repartition import claim
from app.settings import Settings

BATCH_BYTES: Final = 512 * 1024

FETCH_BYTES: Final = 32 * 1024 * 1024

METADATA_MS: Final = 5_000
"""So soon it is noticed that the old log was given more partitions."""


@asynccontextmanager
async def writing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """Yield a transactional producer. When it begins, the transactions of an earlier one are over and it is fenced."""
    producer = AIOKafkaProducer(
        **client_options(settings),
        transactional_id=claim.name(settings),
        acks="all",
        compression_type="zstd",
        max_batch_size=BATCH_BYTES,
        linger_ms=0,
    )
    asyncio.get_running_loop().set_exception_handler(_unheard)
    try:
        await connected(producer.start)
        yield producer
    finally:
        await producer.stop()


def _unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Pass over errors in futures that only aiokafka has: they are raised where it is awaited, too."""
    if not isinstance(context.get("exception"), KafkaError):
        loop.default_exception_handler(context)


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a consumer of what is committed, which refuses a position outside the log."""
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_bytes=FETCH_BYTES,
        fetch_max_wait_ms=100,
        metadata_max_age_ms=METADATA_MS,
    )
    await connected(consumer.start)
    try:
        await asyncio.sleep(0)
        yield consumer
    finally:
        await stop_consumer(consumer)
