"""What a row costs: `python -m tests.bench.growing ROWS STREAMS` prints bytes a row, and for each line that it reads
events a CPU second.

In one process and without Kafka, so that nothing else is in the figures. The machine of the plain jobs
(`peers/sums.py`) makes the rows of so many gifters; then comes for each line a round of gifts of gifters at random. In
the time is all that the engine does for a gift but sending: fold, cut, and encode the rows that changed.
"""

import gc
import json
import random
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from app.engine import memory
from app.engine.changelog import changed_rows
from app.engine.rows import Pressure
from tests.bench.peers.sums import Sums
from tests.bench.peers.task import Task

EVENTS: Final = 200_000
"""Gifts of a round."""

CUT_EVERY: Final = 20_000
AT_MS: Final = 1_790_000_000_000


class Record(NamedTuple):
    """What the machine needs of a consumer record."""

    offset: int
    key: bytes
    value: bytes


def record(offset: int, gifter: int, streams: int) -> Record:
    """Return a gift of a gifter, who gives to one stream."""
    stream = f"tiktok:74{gifter % streams:017d}"
    gift = {
        "event_id": f"{stream}-{offset}",
        "stream_id": stream,
        "sender_id": f"u{gifter:09d}",
        "unit_value": 5,
        "quantity": 1,
        "event_time_ms": AT_MS,
    }
    return Record(offset, stream.encode(), json.dumps(gift).encode())


class Growing:
    """A partition of the engine, without what it sends."""

    def __init__(self) -> None:
        task = Task("", "gifters", "", "out", "growing", Path())
        self.machine = Sums(0, Pressure(), task)
        self.cpu = 0.0

    def take(self, records: Iterator[Record]) -> None:
        """Take all of them; `cpu` grows by the seconds that it takes."""
        while some := list(islice(records, CUT_EVERY)):
            begun = time.process_time()
            self._run(some)
            self.cpu += time.process_time() - begun

    def _run(self, records: Iterable[Record]) -> None:
        fold = self.machine.fold
        for one in records:
            fold(one)
        *_, token = self.machine.cut(AT_MS, False, False)
        changed_rows(self.machine.families)
        self.machine.published(token)


def main(rows: int, streams: int) -> None:
    """Tell how many bytes a row takes, over a process that holds none; then run a round for each line that comes."""
    memory.tune()
    Growing().take(record(number, number, streams) for number in range(CUT_EVERY))
    empty = _resident()
    growing = Growing()
    growing.take(record(number, number, streams) for number in range(rows))
    _tell(bytes_per_row=round((_resident() - empty) / rows, 1))
    for number, _ in enumerate(sys.stdin):
        _tell(events_per_second=round(_speed(growing, rows, streams, random.Random(number))))


def _tell(**figures: float) -> None:
    print(json.dumps(figures), flush=True)


def _speed(growing: Growing, rows: int, streams: int, chance: random.Random) -> float:
    """Return how many gifts of gifters at random, who all have a row, are counted in a CPU second."""
    growing.cpu = 0.0
    growing.take(record(rows + number, chance.randrange(rows), streams) for number in range(EVENTS))
    return EVENTS / growing.cpu


def _resident() -> int:
    """Return the resident memory in bytes, free memory given back."""
    gc.collect()
    memory.give_back()
    resident: int = psutil.Process().memory_info().rss
    return resident


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
