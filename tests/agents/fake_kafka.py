"""A Kafka in memory: append times are a driven clock's, an owner can be fenced, and a write can kill who makes it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.engine.clock import Clock


class Crash(BaseException):
    """The process that was writing died."""


class FencedOff(Exception):
    """A newer owner has taken the name under which this one writes."""


class Kept(NamedTuple):
    """One record as the broker keeps it. `timestamp` is its append time in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


Written = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]


@dataclass
class Time:
    """The one clock of a test, in ms; it moves only when it is told to."""

    ms: int

    def clock(self) -> Clock:
        return Clock(lambda: self.ms, lambda: self.ms / 1000)


class FakeKafka:
    """Topics as lists of records, one a partition."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self._logs: dict[tuple[str, int], list[Kept]] = defaultdict(list)
        self._ends: dict[tuple[str, int], int] = defaultdict(int)
        self._epochs: dict[str, int] = defaultdict(int)
        self._writes_left = 0
        self._keeps_last = False

    def append(self, topic: str, partition: int, batch: Iterable[Written]) -> int:
        """Keep a batch, whole; return its base offset."""
        where, base = (topic, partition), self._ends[topic, partition]
        kept = [Kept(base + at, self.time.ms, *written) for at, written in enumerate(batch)]
        self._logs[where] += kept
        self._ends[where] = base + len(kept)
        return base

    def records(self, topic: str, partition: int = 0, begin: int = 0, limit: int | None = None) -> list[Kept]:
        """Return records from offset `begin` on; they may have gaps where compaction was."""
        log = self._logs[topic, partition]
        if self._ends[topic, partition] == len(log):
            return log[begin : None if limit is None else begin + limit]
        return [record for record in log if record.offset >= begin][:limit]

    def end(self, topic: str, partition: int = 0) -> int:
        """Return the next offset to be written."""
        return self._ends[topic, partition]

    def partitions(self, topic: str) -> list[int]:
        """Return the partitions of a topic that hold anything."""
        return sorted(partition for name, partition in self._logs if name == topic)

    def compact(self, topic: str) -> None:
        """Keep the last record of each key, tombstones too."""
        for partition in self.partitions(topic):
            last = {record.key: record for record in self._logs[topic, partition]}
            self._logs[topic, partition] = sorted(last.values())

    def owner(self, name: str) -> "Owner":
        """Return the newest owner of a name, which from now on is the only one that can write."""
        self._epochs[name] += 1
        return Owner(self, name, self._epochs[name])

    def kill_at(self, write: int, keeps: bool) -> None:
        """Let the process die that makes the write of that number from now, 1 being the next: kept or not."""
        self._writes_left, self._keeps_last = write, keeps

    def write(self, name: str, epoch: int, topic: str, partition: int, batch: Iterable[Written]) -> int:
        """Append for an owner. Raises FencedOff, and Crash if it is time to die."""
        if epoch != self._epochs[name]:
            raise FencedOff(name)
        self._writes_left -= 1
        dies = self._writes_left == 0
        base = self.append(topic, partition, batch) if not dies or self._keeps_last else -1
        if dies:
            raise Crash(name)
        return base


class Owner(NamedTuple):
    """Who writes under a name, as long as nobody newer does."""

    kafka: FakeKafka
    name: str
    epoch: int

    def write(self, topic: str, partition: int, batch: Iterable[Written]) -> int:
        """Append a batch; return its base offset. Raises FencedOff and Crash."""
        return self.kafka.write(self.name, self.epoch, topic, partition, batch)
