"""Puts a load on a topic: what is due goes at once, the rest at the wall clock's pace."""

import asyncio
from asyncio import Event, Future
from collections.abc import Callable
from time import time
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from app.load.answer import Answer
from app.load.message import Send
from app.load.simulation import Simulation

BATCH_BYTES: Final = 512 * 1024
ROUND: Final = 2_000
"""So many records at most are put together before the acks of the round before are awaited."""

TICK_S: Final = 0.02

Progress = Callable[[int, int], None]


def make_producer(broker: str, **client: Any) -> AIOKafkaProducer:
    """Return a producer for `send`, not yet started. `client`: more settings for aiokafka, as security."""
    settings: dict[str, Any] = {
        "enable_idempotence": True,
        "acks": "all",
        "compression_type": "lz4",
        "max_batch_size": BATCH_BYTES,
        "max_request_size": 2 * BATCH_BYTES,
    }
    return AIOKafkaProducer(bootstrap_servers=broker, **(settings | client))


async def send(
    simulation: Simulation,
    producer: AIOKafkaProducer,
    topic: str,
    stop: Event | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Send until the load ends or `stop` is set; return the answer, which covers exactly what was acked.

    No record is sent before its `at_ms`: history goes as fast as the broker takes it, the live part at its
    pace. `progress` is called after each round with the records acked so far, and the time (ms) that the load
    has come to. ValueError: the topic has another number of partitions. KafkaError: a batch was not acked, so
    nothing sure can be said of what is on the topic.
    """
    await _check_partitions(simulation.options.partitions, producer, topic)
    stop = stop or Event()
    acks: list[Future[Any]] = []
    while not (simulation.ended or stop.is_set()):
        sends = _due(simulation)
        batches = _pack(producer, sends)
        await asyncio.gather(*acks)
        if progress and acks:
            progress(simulation.answer.sent - len(sends), _reached(simulation))
        acks = [await producer.send_batch(batch, topic, partition=partition) for partition, batch in batches]
        if len(sends) < ROUND:
            await _pause(stop)
    await asyncio.gather(*acks)
    if progress:
        progress(simulation.answer.sent, _reached(simulation))
    return simulation.answer


async def _check_partitions(expected: int, producer: AIOKafkaProducer, topic: str) -> None:
    found = len(await producer.partitions_for(topic))
    if found != expected:
        raise ValueError(f"{topic} has {found} partitions, the load is made for {expected}: give it {found}")


def _due(simulation: Simulation) -> list[Send]:
    """Return the records that are due, in order, at most a round."""
    now_ms = int(time() * 1000)
    sends: list[Send] = []
    while len(sends) < ROUND and (send := simulation.next(now_ms)):
        sends.append(send)
    return sends


def _pack(producer: AIOKafkaProducer, sends: list[Send]) -> list[tuple[int, Any]]:
    """Return the records as batches with their partitions; those of one partition keep their order."""
    full: list[tuple[int, Any]] = []
    filling: dict[int, Any] = {}
    for send in sends:
        batch = filling.get(send.partition) or filling.setdefault(send.partition, producer.create_batch())
        if batch.append(key=send.key, value=send.value, timestamp=None) is None:
            full.append((send.partition, batch))
            batch = filling[send.partition] = producer.create_batch()
            batch.append(key=send.key, value=send.value, timestamp=None)
    return full + list(filling.items())


def _reached(simulation: Simulation) -> int:
    return simulation.next_ms or simulation.options.end_ms


async def _pause(stop: Event) -> None:
    """Wait a tick, or less if it is time to stop."""
    try:
        await asyncio.wait_for(stop.wait(), TICK_S)
    except TimeoutError:
        return
