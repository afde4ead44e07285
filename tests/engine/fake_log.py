"""A log in memory that dies where it is told to: before a batch is kept, or after it is, before its ack."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP

from app.engine.changelog import RowLoader
from app.engine.clock import Clock
from app.engine.machine import Output
from app.engine.partition import FlushOptions, Identity, Partition
from app.engine.rows import Pressure, Row, Rows
from app.engine.runs import Run
from tests.engine.toy import Word, WordCounter

IDENTITY = Identity(1, "rules")
SOURCE = TP("words", 0)


class Crash(BaseException):
    """The process died."""


@dataclass
class Broker:
    """What survives a crash. `deaths` counts down the appends and publishes until the process dies."""

    changelog: list[Row] = field(default_factory=list)
    published: list[Output] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    deaths: int = -1
    after: bool = False

    def keep(self, log: list[Any], items: Sequence[Any]) -> None:
        self.deaths -= 1
        if self.deaths == 0 and not self.after:
            raise Crash
        log.extend(items)
        if self.deaths == 0:
            raise Crash


class FakeLog:
    """A partition's log on that broker."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    async def append(self, rows: Rows, now_ms: int) -> int:
        base = len(self.broker.changelog)
        self.broker.keep(self.broker.changelog, list(rows))
        self.broker.batches.append(len(rows))
        return base

    async def renew_if_due(self, end: int) -> int:
        return end

    async def publish(self, outputs: Sequence[Output], now_ms: int) -> None:
        self.broker.keep(self.broker.published, outputs)


@dataclass
class Time:
    """A driven clock."""

    ms: int = 1_000_000

    def clock(self) -> Clock:
        return Clock(lambda: self.ms, lambda: self.ms / 1000)


def recover(
    broker: Broker, time: Time | None = None, counter: type[WordCounter] = WordCounter
) -> tuple[Partition, WordCounter]:
    """Start a fresh partition from what the broker kept."""
    pressure = Pressure()
    machine = counter(0, pressure)
    loader = RowLoader(machine.families)
    loader.load(broker.changelog)
    machine.restore(loader.commit.mark if loader.commit else 0)
    partition = Partition(
        0,
        machine,
        pressure,
        FakeLog(broker),
        IDENTITY,
        commit=loader.commit,
        start=loader.commit.position if loader.commit else 0,
        next_changelog=len(broker.changelog),
        options=FlushOptions(),
        clock=(time or Time()).clock(),
    )
    return partition, machine


def run_of(
    words: Sequence[Word], begin: int | None = None, end: int | None = None, highwater: int | None = None
) -> Run:
    """A run over these records."""
    first = words[0].offset if begin is None else begin
    return Run(SOURCE, first, words[-1].offset + 1 if end is None else end, words, highwater)
