"""Sending records to the source topic: keyed, idempotent, and acked before it says so."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from app.connection import producer_options
from app.errors import BrokerUnreachable
from app.settings import Settings

IN_FLIGHT: Final = 10_000


class GiftSender:
    """An async context that sends to `gifts.v1`. `sent` counts acked records by partition.

    Raises BrokerUnreachable on entering, and what Kafka says from `send` or on leaving: a failed record is
    never passed over.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sent: Counter[int] = Counter()
        self._waiting: list[Any] = []
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(**producer_options(self.settings))
        try:
            await self._producer.start()
        except KafkaConnectionError as error:
            await self._producer.stop()
            found = f"No Kafka broker answers at {self.settings.broker} ({error})"
            raise BrokerUnreachable(found, do="Start it (`giftstream broker`), or set GIFTSTREAM_BROKER") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._producer is not None
        try:
            await self.flush()
        finally:
            await self._producer.stop()

    async def send(self, key: bytes | None, value: bytes | None) -> None:
        """Hand over one record; waits when many are in flight."""
        assert self._producer is not None
        self._waiting.append(await self._producer.send(self.settings.source_topic, value, key))
        if len(self._waiting) >= IN_FLIGHT:
            await self.flush()

    async def send_all(self, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Hand over several records, in their order."""
        for key, value in records:
            await self.send(key, value)

    async def flush(self) -> None:
        """Wait until everything handed over is acked."""
        waiting, self._waiting = self._waiting, []
        self.sent.update(metadata.partition for metadata in await asyncio.gather(*waiting))
