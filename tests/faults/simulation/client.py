"""The two classes of aiokafka that the engine uses, as far as it uses them, on the broker in memory."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from aiokafka.record.default_records import DefaultRecordBatch

from app.engine.packed import PackedBatch
from tests.agents.fake_kafka import Kept, Written
from tests.faults.simulation.broker import Broker
from tests.faults.simulation.network import Lost, Network

RETRIES: Final = 6
"""So often is a batch sent again before the producer gives it up."""

BACKOFF: Final = 0.05


class Host(Protocol):
    """The process that a client runs in."""

    broker: Broker
    network: Network

    @property
    def alive(self) -> bool: ...
    def chance(self, likely: float) -> bool: ...
    def number(self, most: int) -> int: ...


class Ack(NamedTuple):
    offset: int


class Read(NamedTuple):
    """A record as a consumer gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def as_read(tp: tuple[str, int], kept: Kept) -> Read:
    """Return a kept record as a consumer gives it."""
    return Read(*tp, kept.offset, kept.timestamp, kept.key, kept.value, kept.headers)


class Batch:
    """A record batch that is being built, and its own builder. It is sent with as many records as it says it has."""

    def __init__(self) -> None:
        self._records: list[Written] = []
        self._relative_offset = 0

    @property
    def _builder(self) -> "Batch":
        return self

    @property
    def records(self) -> list[Written]:
        """What is sent."""
        assert self._relative_offset == len(self._records), "the broker would refuse a batch with another count"
        return self._records

    def append(
        self, at: int, now_ms: int, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> object:
        assert at == len(self._records)
        self._records.append((key, value, headers))
        return self

    def close(self) -> None:
        """It is sent as it is."""


def written(batch: Batch | PackedBatch) -> list[Written]:
    """Return what is sent; of what was packed, as it was packed."""
    if isinstance(batch, Batch):
        return batch.records
    return [(one.key, one.value, one.headers) for one in DefaultRecordBatch(batch._build())]


class TransactionManager:
    """The producer id and epoch; the name as which InitProducerId asks for them."""

    def __init__(self) -> None:
        self.transactional_id: str | None = None
        self.transaction_timeout_ms = 0
        self.name = ""
        self.epoch = -1

    def has_pid(self) -> bool:
        return self.epoch >= 0


class Sender:
    """Takes the producer id."""

    def __init__(self, host: Host, manager: TransactionManager) -> None:
        self._host = host
        self._manager = manager

    async def _maybe_wait_for_pid(self) -> None:
        manager, broker = self._manager, self._host.broker
        assert manager.transactional_id is not None
        name = manager.transactional_id
        epoch = await asked(self._host, lambda: broker.take_id(name))
        manager.name, manager.epoch = name, epoch


async def asked(host: Host, action: Callable[[], Any]) -> Any:
    """Return the broker's answer, asking again until there is one. A dead process is not answered."""
    while True:
        if not host.alive:
            raise asyncio.CancelledError
        try:
            return await host.network.request(action)
        except Lost:
            await asyncio.sleep(BACKOFF)


class Producer:
    """An idempotent producer: batches of a partition go out one after the other, each until it is acknowledged."""

    def __init__(self, host: Host, **options: Any) -> None:
        self._host = host
        self._txn_manager = TransactionManager()
        self._sender = Sender(host, self._txn_manager)
        self._queues: dict[tuple[str, int], list[tuple[Batch | PackedBatch, asyncio.Future[Ack]]]] = defaultdict(list)
        self._sequences: dict[tuple[str, int], int] = defaultdict(int)
        self._senders: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._stopped = False

    async def start(self) -> None:
        await asyncio.sleep(0)
        await self._sender._maybe_wait_for_pid()

    async def stop(self) -> None:
        self._stopped = True
        await asyncio.sleep(0)
        for task in self._senders.values():
            task.cancel()

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch | PackedBatch, topic: str, *, partition: int) -> "asyncio.Future[Ack]":
        await asyncio.sleep(0)
        if self._stopped:
            raise RuntimeError(f"a batch for {topic}[{partition}] is sent by a producer that was stopped")
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        where = topic, partition
        self._queues[where].append((batch, future))
        if where not in self._senders or self._senders[where].done():
            self._senders[where] = asyncio.get_running_loop().create_task(self._send(where))
        return future

    async def _send(self, where: tuple[str, int]) -> None:
        queue = self._queues[where]
        while queue:
            batch, future = queue.pop(0)
            try:
                ack = await self._deliver(where, written(batch))
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(ack)

    async def _deliver(self, where: tuple[str, int], records: list[Written]) -> Ack:
        sequence, broker, manager = self._sequences[where], self._host.broker, self._txn_manager
        self._sequences[where] += len(records)
        for again in range(RETRIES):
            if not self._host.alive:
                raise asyncio.CancelledError
            try:
                base = await self._host.network.request(
                    lambda: broker.produce(manager.name, manager.epoch, sequence, *where, records)
                )
            except Lost:
                await asyncio.sleep(BACKOFF)
                continue
            # A broker that does not remember where the batch lies answers DuplicateSequenceNumber: aiokafka's -1.
            return Ack(-1 if again and self._host.chance(0.5) else base)
        raise KafkaTimeoutError


class Consumer:
    """A consumer outside of any group."""

    def __init__(self, host: Host, **options: Any) -> None:
        self._host = host
        self._positions: dict[TopicPartition, int] = {}
        self._fetcher = SimpleNamespace(_proc_fetch_request=None)  # hooked into, and never asked: see `getmany`

    async def start(self) -> None:
        await asyncio.sleep(0)

    async def stop(self) -> None:
        await asyncio.sleep(0)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        broker = self._host.broker
        found: dict[TopicPartition, int] = await asked(self._host, lambda: {tp: broker.end(*tp) for tp in partitions})
        return found

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = await asked(self._host, lambda: dict.fromkeys(partitions, 0))
        return found

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._positions[partition] = offset

    async def seek_to_beginning(self) -> None:
        await asyncio.sleep(0)
        self._positions = dict.fromkeys(self._positions, 0)

    async def position(self, partition: TopicPartition) -> int:
        await asyncio.sleep(0)
        return self._positions[partition]

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Read]]:
        found = {}
        for tp in partitions:
            records, self._positions[tp] = await asked(self._host, partial(self._read, tp, max_records))
            if records:
                found[tp] = records
        return found

    def _read(self, tp: TopicPartition, most: int) -> tuple[list[Read], int]:
        """Some of what is there: a fetch brings as much as the broker likes."""
        broker, limit = self._host.broker, min(most, 1 + self._host.number(30))
        records = [as_read(tp, kept) for kept in broker.records(tp.topic, tp.partition, self._positions[tp], limit)]
        return records, records[-1].offset + 1 if len(records) == limit else broker.end(tp.topic, tp.partition)
