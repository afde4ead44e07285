"""A consumer that notes when which mark of which key came, in a process of its own so as to be in nobody's way."""

import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final, Self

import msgspec
from confluent_kafka import Consumer, TopicPartition

from tests.bench.lateness import Mark
from tests.bench.recount import Counted
from tests.bench.topic import PARTITIONS

READY_SECONDS: Final = 20.0
BETWEEN_LOOKS: Final = 1_000
"""After so many records it looks whether it is told to stop."""


class Position(msgspec.Struct):
    """What a board says of the log."""

    offsets: dict[str, int]


class Board(msgspec.Struct):
    """What of a board is looked at."""

    stream_id: str
    position: Position


_board = msgspec.json.Decoder(Board)
_counted = msgspec.json.Decoder(Counted)

Read = Callable[[bytes, bytes], tuple[str, int]]


def board(key: bytes, value: bytes) -> tuple[str, int]:
    """Return the stream of a board and the offset that it counts up to."""
    one = _board.decode(value)
    return one.stream_id, max(one.position.offsets.values())


def row(key: bytes, value: bytes) -> tuple[str, int]:
    """Return the key of a row and its sends; those of gifters have none."""
    return key.decode(), _counted.decode(value).sends


class Follower:
    """Follows a topic from now on until it is told to stop."""

    def __init__(self, broker: str, topic: str, read: Read) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_follow, args=(theirs, broker, topic, read), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        if not self._ours.poll(READY_SECONDS):
            raise TimeoutError("the consumer of the results did not start")
        self._ours.recv()
        return self

    def stop(self) -> list[Mark]:
        """Return what was seen."""
        self._ours.send(None)
        seen: list[Mark] = self._ours.recv()
        return seen

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


def _follow(asked: "Connection", broker: str, topic: str, read: Read) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, whose end ends this, too
    settings: dict[str, str | int | bool] = {
        "bootstrap.servers": broker,
        "group.id": "follower",
        "fetch.wait.max.ms": 100,
    }
    consumer = Consumer(settings | {"enable.auto.commit": False})
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    for partition in partitions:
        partition.offset = consumer.get_watermark_offsets(partition, READY_SECONDS)[1]
    consumer.assign(partitions)
    asked.send(None)
    seen: list[Mark] = []
    while not asked.poll():
        for _ in range(BETWEEN_LOOKS):
            message = consumer.poll(0.05)
            if message is None:
                break
            if message.error() is None and (value := message.value()):
                seen.append((*read(message.key() or b"", value), time.time()))
    consumer.close()
    asked.send(seen)
