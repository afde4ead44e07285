"""The fenced producer: one a partition, whose id the broker gives to its newest owner only.

Its id comes from InitProducerId with a transactional id (KIP-98), which raises the producer epoch; its batches are
plain idempotent ones, without transactions. From the new owner's first append to a partition on, the broker
refuses the batches of an older epoch there.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)

from app.engine.connecting import connected
from app.engine.errors import ChangelogError, Fenced
from app.engine.filling import MAX_BATCH_BYTES, by_partition, filled, filled_with_rows
from app.engine.machine import Output
from app.engine.observer import Observer
from app.engine.prompt import send_queued
from app.engine.rows import Rows

UNUSED_TRANSACTION_TIMEOUT_MS: Final = 60_000
"""The broker demands a sensible one (transaction.max.timeout.ms), though there never is a transaction."""

_FENCED: Final = (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping, OutOfOrderSequenceNumber)


class _Sent(NamedTuple):
    """A batch on its way."""

    batch: Any
    topic: str
    partition: int
    ack: "asyncio.Future[Any]"

    def told(self, error: KafkaError) -> str:
        """Return what the broker refused and why, and what to do."""
        do = "mend that, and start this worker again"
        if isinstance(error, MessageSizeTooLargeError):
            do = "`giftstream topics check` tells what the topic has to allow, and how to set it; then start it again"
        where = f"{self.topic}[{self.partition}]"
        return f"{where}: the broker refused a batch: {error!r}, of {self.batch.size():,} bytes; {do}"


class FencedProducer:
    """Appends record batches as the newest owner of `transactional_id`.

    `check` is called before each batch and raises if the process should not send any more.
    """

    def __init__(
        self,
        transactional_id: str,
        connection: dict[str, Any],
        check: Callable[[], None],
        observer: Observer | None = None,
    ) -> None:
        self.transactional_id = transactional_id
        self._check = check
        self._observer = observer or Observer()
        self._producer = AIOKafkaProducer(
            **connection,
            enable_idempotence=True,
            acks="all",
            compression_type="zstd",
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=MAX_BATCH_BYTES + 1024 * 1024,
            linger_ms=0,
        )
        _take_id_from_transactional_id(self._producer, transactional_id)

    async def start(self) -> None:
        """Connect and take the producer id; whoever held it before is an older epoch from now on."""
        await connected(self._producer.start)

    async def stop(self) -> None:
        """Close the connections."""
        await self._producer.stop()

    async def append(self, topic: str, partition: int, rows: Rows, now_ms: int) -> int:
        """Append the rows as one record batch and return its base offset, or -1 if the broker had it already.

        Raises RunTooLarge if they do not fit, Fenced if a newer owner exists.
        """
        batch = filled_with_rows(rows, now_ms, f"{topic}[{partition}]")
        offset: int = (await self._deliver([await self._send(batch, topic, partition)]))[0].offset
        return offset

    async def publish(self, outputs: Sequence[Output], now_ms: int) -> int:
        """Append the outputs, in order within a topic partition, and await all acks.

        Returns the offset of the first one sent, or -1.
        """
        sent = [
            await self._send(batch, topic, partition)
            for (topic, partition), group in sorted(by_partition(outputs).items())
            for batch in filled(self._producer.create_batch, group, now_ms)
        ]
        return (await self._deliver(sent))[0].offset if sent else -1

    async def _send(self, batch: Any, topic: str, partition: int) -> _Sent:
        batch.close()
        self._check()
        begun = time.monotonic()
        ack: asyncio.Future[Any] = await self._producer.send_batch(batch, topic, partition=partition)
        ack.add_done_callback(lambda ack: self._acked(topic, begun, ack))
        return _Sent(batch, topic, partition, ack)

    def _acked(self, topic: str, begun: float, ack: "asyncio.Future[Any]") -> None:
        if not ack.cancelled() and (error := ack.exception()) is not None:
            self._observer.refused(topic, type(error).__name__)
        else:
            self._observer.sent(topic, time.monotonic() - begun)

    async def _deliver(self, sent: Sequence[_Sent]) -> list[Any]:
        """Return the acks once all are there. Those of `send_queued` come first, and are not for anybody to cancel."""
        acks = [one.ack for one in sent]
        try:
            prompt = await send_queued(self._producer)
            first = [prompt.get(one.batch, one.ack) for one in sent]
            if all(ack.done() for ack in first):
                acks = first
                return [ack.result() for ack in acks]
            return list(await asyncio.gather(*acks))
        except _FENCED as error:
            raise Fenced(
                f"{self.transactional_id}: another worker owns this partition now ({type(error).__name__}); "
                "its state is complete there, start this worker again to join"
            ) from error
        except KafkaError as error:
            refused = next(one for one, ack in zip(sent, acks, strict=True) if ack.done() and ack.exception() is error)
            raise ChangelogError(refused.told(error)) from error


def _take_id_from_transactional_id(producer: AIOKafkaProducer, transactional_id: str) -> None:
    """Have InitProducerId sent with a transactional id, and everything else without.

    An internal of aiokafka that the engine relies on: `Sender._maybe_wait_for_pid` reads the transaction
    manager's `transactional_id` (guarded by a contract test).
    """
    sender, manager = producer._sender, producer._txn_manager
    wait_for_id = sender._maybe_wait_for_pid

    async def wait_for_fenced_id() -> None:
        if manager.has_pid():
            return
        manager.transactional_id = transactional_id
        manager.transaction_timeout_ms = UNUSED_TRANSACTION_TIMEOUT_MS
        try:
            await wait_for_id()
        finally:
            manager.transactional_id = None

    sender._maybe_wait_for_pid = wait_for_fenced_id
