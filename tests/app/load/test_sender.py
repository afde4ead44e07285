"""The sender keeps each partition's order, sends nothing early, and stops so that the answer is exact."""

import asyncio
from dataclasses import replace
from time import time
from typing import Any

import pytest

from app.load.options import LoadOptions
from app.load.sender import send
from app.load.simulation import Simulation

HISTORY = LoadOptions(rate=1_000, streams=20, seconds=10)


class Batch:
    """Takes a hundred records, then is full."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes | None]] = []

    def append(self, *, key: bytes | None, value: bytes | None, timestamp: int | None) -> object:
        if len(self.records) == 100:
            return None
        self.records.append((key, value))
        return True


class Log:
    """A producer whose broker is a list for each partition."""

    def __init__(self, partitions: int = 4) -> None:
        self.partitions: list[list[tuple[bytes | None, bytes | None]]] = [[] for _ in range(partitions)]

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(len(self.partitions)))

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        self.partitions[partition] += batch.records
        acked = asyncio.get_running_loop().create_future()
        acked.set_result(None)
        return acked


def test_history_is_sent_whole_and_in_order() -> None:
    log = Log()

    answer = asyncio.run(send(Simulation(HISTORY), log, "gifts.v1"))

    expected: list[list[Any]] = [[], [], [], []]
    for record in Simulation(HISTORY):
        expected[record.partition].append((record.key, record.value))
    assert log.partitions == expected
    assert answer.sent == sum(map(len, expected))


def test_when_stopped_the_answer_covers_what_is_in_the_log() -> None:
    log, stop = Log(), asyncio.Event()
    reports: list[int] = []

    def progress(sent: int, at_ms: int) -> None:
        reports.append(sent)
        stop.set()

    answer = asyncio.run(send(Simulation(HISTORY), log, "gifts.v1", stop, progress))

    assert answer.sent == sum(map(len, log.partitions)) < len(list(Simulation(HISTORY)))
    assert reports[-1] == answer.sent


def test_nothing_is_sent_before_its_time() -> None:
    log, stop = Log(), asyncio.Event()
    tomorrow = replace(HISTORY, start_ms=int(time() * 1000) + 86_400_000)

    async def run() -> int:
        sending = asyncio.create_task(send(Simulation(tomorrow), log, "gifts.v1", stop))
        await asyncio.sleep(0)
        stop.set()
        return (await sending).sent

    assert asyncio.run(run()) == 0
    assert log.partitions == [[], [], [], []]


def test_another_number_of_partitions_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gifts\.v1 has 3 partitions, the load is made for 4"):
        asyncio.run(send(Simulation(HISTORY), Log(3), "gifts.v1"))
