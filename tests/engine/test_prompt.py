"""Batches that go out in the task that awaits their acks: by aiokafka's own methods, and what fails is left to it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, KafkaError, NotLeaderForPartitionError, ProducerFenced

from app.engine.prompt import LARGE_BYTES, send_queued

CHANGELOG, BOARDS = TopicPartition("changelog", 3), TopicPartition("boards", 3)
FENCED, NOT_LEADER = InvalidProducerEpoch.errno, NotLeaderForPartitionError.errno

Answer = Callable[[TopicPartition], int]
"""The error code for a batch, 0 for none."""


class Client:
    """Stands for the connections: it keeps what it is sent, and answers."""

    def __init__(self, answer: Answer, leaders: dict[TopicPartition, int]) -> None:
        self.answer = answer
        self.leaders = leaders
        self.sent: list[tuple[int, dict[TopicPartition, bytes]]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.looked_up = 0

    async def send(self, node: int, request: Any) -> Any:
        batches = {TopicPartition(name, at): bytes(data) for name, parts in request._topics for at, data in parts}
        self.sent.append((node, batches))
        await self.answers.wait()
        topics: list[Any] = [(tp.topic, [(tp.partition, self.answer(tp), 7, -1, 0, [], None)]) for tp in batches]
        return SimpleNamespace(API_VERSION=8, topics=topics)

    def force_metadata_update(self) -> "asyncio.Future[bool]":
        self.looked_up += 1
        self.leaders = dict.fromkeys(self.leaders, 1)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        done.set_result(True)
        return done

    async def _wait_on_metadata(self, topic: str) -> None:
        """It is known."""

    async def _maybe_wait_metadata(self) -> None:
        """It is there."""


@asynccontextmanager
async def producing(answer: Answer = lambda tp: 0, **leaders: int) -> AsyncIterator[tuple[AIOKafkaProducer, Client]]:
    """Yield a real producer, its sender's task running, and what its client was sent."""
    producer = AIOKafkaProducer(enable_idempotence=True, acks="all", retry_backoff_ms=1)
    client = Client(answer, {tp: leaders.get(tp.topic, 1) for tp in (CHANGELOG, BOARDS)})
    cluster = SimpleNamespace(
        leader_for_partition=lambda tp: client.leaders[tp], partitions_for_topic=lambda topic: {CHANGELOG.partition}
    )
    producer.client = producer._sender.client = client
    producer._metadata = producer._message_accumulator._cluster = cluster
    producer._txn_manager.set_pid_and_epoch(11, 0)
    await producer._sender.start()
    await asyncio.sleep(0)
    try:
        yield producer, client
    finally:
        producer._closed = True
        producer._sender.sender_task.cancel()


class Queued(NamedTuple):
    """A batch, and the ack that its sender waits for."""

    batch: Any
    ack: "asyncio.Future[Any]"


async def queue(producer: AIOKafkaProducer, *places: TopicPartition) -> list[Queued]:
    """Queue a batch of two records for each."""
    queued = []
    for place in places:
        batch = producer.create_batch()
        for key in (b"a", b"b"):
            assert batch.append(timestamp=1, key=key, value=b"")
        queued.append(Queued(batch, await producer.send_batch(batch, place.topic, partition=place.partition)))
    return queued


def sequences(client: Client, place: TopicPartition) -> list[int]:
    """Return the base sequences with which batches went to a partition: the last of the header's numbers but one."""
    return [int.from_bytes(batches[place][53:57], "big") for _, batches in client.sent if place in batches]


def turns_until(done: Callable[[], bool]) -> "asyncio.Task[int]":
    """Count the turns of the event loop."""

    async def counted() -> int:
        count = 0
        while not done():
            await asyncio.sleep(0)
            count += 1
        return count

    return asyncio.create_task(counted())


def offsets(acks: "Iterable[asyncio.Future[Any]]") -> list[int]:
    return [ack.result().offset for ack in acks]


@pytest.mark.asyncio
async def test_what_is_queued_goes_out_in_one_request_and_is_acknowledged_when_it_returns() -> None:
    async with producing() as (producer, client):
        queued = await queue(producer, CHANGELOG, BOARDS)
        acks = await send_queued(producer)
        assert [(node, sorted(batches)) for node, batches in client.sent] == [(1, [BOARDS, CHANGELOG])]
        assert set(acks) == {one.batch for one in queued}
        assert offsets(acks.values()) == [7, 7]


@pytest.mark.asyncio
async def test_it_goes_out_before_the_event_loop_takes_a_turn() -> None:
    async with producing() as (producer, client):
        await queue(producer, CHANGELOG)
        turns = turns_until(lambda: bool(client.sent))
        await send_queued(producer)
        assert await turns == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(("value_bytes", "beside"), [(10, False), (LARGE_BYTES, True)])
async def test_a_large_batch_is_compressed_beside_the_event_loop_and_sent_as_any_other(
    value_bytes: int, beside: bool
) -> None:
    async with producing() as (producer, client):
        batch = producer.create_batch()
        batch.append(timestamp=1, key=b"a", value=bytes(value_bytes))
        built_by: list[bool] = []
        build = batch._build

        def built() -> Any:
            built_by.append(threading.current_thread() is not threading.main_thread())
            return build()

        batch._build = built
        await producer.send_batch(batch, CHANGELOG.topic, partition=CHANGELOG.partition)
        await queue(producer, BOARDS)
        assert offsets((await send_queued(producer)).values()) == [7, 7]
        assert built_by[0] is beside
        await queue(producer, CHANGELOG)
        await send_queued(producer)
        assert sequences(client, CHANGELOG) == [0, 1]
        assert client.sent[0][1][CHANGELOG] == bytes(batch._buffer)


@pytest.mark.asyncio
async def test_one_who_gives_up_while_a_batch_is_compressed_leaves_no_ack_open() -> None:
    async with producing() as (producer, client):
        batch, goes_on = producer.create_batch(), threading.Event()
        batch.append(timestamp=1, key=b"a", value=bytes(LARGE_BYTES))
        batch._build = goes_on.wait
        ack = await producer.send_batch(batch, CHANGELOG.topic, partition=CHANGELOG.partition)
        sending = asyncio.create_task(send_queued(producer))
        await asyncio.sleep(0)
        sending.cancel()
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await sending
        with pytest.raises(KafkaError, match="the request was given up: CancelledError"):
            await ack
        assert client.sent == []


@pytest.mark.asyncio
async def test_each_broker_gets_its_own_request() -> None:
    async with producing(changelog=1, boards=2) as (producer, client):
        await queue(producer, CHANGELOG, BOARDS)
        assert offsets((await send_queued(producer)).values()) == [7, 7]
        assert sorted(client.sent) == sorted(client.sent, key=lambda one: one[0])
        assert {node: [*batches] for node, batches in client.sent} == {1: [CHANGELOG], 2: [BOARDS]}


@pytest.mark.asyncio
async def test_sequence_numbers_go_on() -> None:
    async with producing() as (producer, client):
        for _ in range(3):
            await queue(producer, CHANGELOG)
            await send_queued(producer)
        assert sequences(client, CHANGELOG) == [0, 2, 4]
        assert not producer._sender._in_flight
        assert not producer._sender._muted_partitions


@pytest.mark.asyncio
async def test_what_is_to_be_sent_again_is_sent_by_the_sender_with_its_sequence_number() -> None:
    codes = [NOT_LEADER, 0]
    async with producing(lambda tp: codes.pop(0)) as (producer, client):
        [one] = await queue(producer, CHANGELOG)
        acks = await send_queued(producer)
        assert not acks[one.batch].done()
        assert (await one.ack).offset == 7
        assert sequences(client, CHANGELOG) == [0, 0]
        assert client.looked_up == 1


@pytest.mark.asyncio
async def test_what_is_refused_for_good_is_in_the_ack() -> None:
    async with producing(lambda tp: FENCED * (tp == CHANGELOG)) as (producer, _):
        refused, kept = await queue(producer, CHANGELOG, BOARDS)
        acks = await send_queued(producer)
        assert isinstance(acks[refused.batch].exception(), ProducerFenced)
        assert offsets([acks[kept.batch]]) == [7]


@pytest.mark.asyncio
async def test_two_batches_for_one_place_have_an_ack_each() -> None:
    codes = [NOT_LEADER, 0, 0]
    async with producing(lambda tp: codes.pop(0)) as (producer, client):
        [first] = await queue(producer, CHANGELOG)
        queued_later = asyncio.create_task(queue(producer, CHANGELOG))
        assert set(await send_queued(producer)) == {first.batch}
        [second] = await queued_later
        assert set(await send_queued(producer)) <= {first.batch}
        assert (await first.ack).offset == (await second.ack).offset == 7
        assert sequences(client, CHANGELOG) == [0, 0, 2]


@pytest.mark.asyncio
async def test_a_partition_without_a_leader_is_left_to_the_sender() -> None:
    async with producing(boards=-1) as (producer, client):
        led, leaderless = await queue(producer, CHANGELOG, BOARDS)
        assert set(await send_queued(producer)) == {led.batch}
        assert not leaderless.ack.done()
        assert (await leaderless.ack).offset == 7
        assert client.looked_up == 1


@pytest.mark.asyncio
async def test_a_batch_queued_while_one_is_on_its_way_goes_out_after_it() -> None:
    async with producing() as (producer, client):
        client.answers.clear()
        await queue(producer, CHANGELOG)
        first = asyncio.create_task(send_queued(producer))
        await asyncio.sleep(0)
        [second] = await queue(producer, CHANGELOG)
        assert await send_queued(producer) == {}
        assert sequences(client, CHANGELOG) == [0]
        client.answers.set()
        await first
        assert (await second.ack).offset == 7
        assert sequences(client, CHANGELOG) == [0, 2]


@pytest.mark.asyncio
async def test_one_who_gives_up_leaves_no_ack_open() -> None:
    async with producing() as (producer, client):
        client.answers.clear()
        [one] = await queue(producer, CHANGELOG)
        sending = asyncio.create_task(send_queued(producer))
        await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        with pytest.raises(KafkaError, match="the request was given up: CancelledError"):
            await one.ack
