"""Putting events on a topic, fast: librdkafka, lz4, murmur2."""

from collections.abc import Callable, Iterable
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

Told = Callable[[KafkaError | None, Message], None]

SETTINGS: Final[dict[str, str | int | bool]] = {
    "compression.type": "lz4",
    "partitioner": "murmur2_random",
    "enable.idempotence": True,
    "linger.ms": 50,
    "batch.size": 1 << 20,
    "queue.buffering.max.messages": 500_000,
    "queue.buffering.max.kbytes": 512 * 1024,
    "log_level": 3,
}


def fill(broker: str, topic: str, events: Iterable[tuple[bytes, bytes]]) -> int:
    """Send keys and values, return how many. Raises RuntimeError if one was refused."""
    producer = Producer(SETTINGS | {"bootstrap.servers": broker})
    refused: list[KafkaError] = []

    def told(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            refused.append(error)

    sent = 0
    for sent, (key, value) in enumerate(events, 1):
        _produce(producer, topic, key, value, told)
        if sent % 1_000 == 0:
            producer.poll(0)
    if producer.flush(60) or refused:
        raise RuntimeError(f"the load could not be sent: {refused[:1]}")
    return sent


def _produce(producer: Producer, topic: str, key: bytes, value: bytes, told: Told) -> None:
    while True:
        try:
            return producer.produce(topic, value, key, on_delivery=told)
        except BufferError:
            producer.poll(0.1)
