"""What a run took: the wall clock, CPU seconds of the contender and of the broker, peak memory."""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import psutil

from tests.bench.group import Group


class Sample(NamedTuple):
    """How much had been used at a time (seconds since the epoch)."""

    at: float
    cpu: float
    broker_cpu: float
    resident: int


@dataclass(slots=True)
class Run:
    """One run's figures; `seconds` from ready to the last row."""

    records: int
    seconds: float
    cpu_seconds: float
    broker_cpu_seconds: float
    peak_bytes: int

    @property
    def events_per_second(self) -> float:
        """By the wall clock."""
        return self.records / self.seconds

    @property
    def events_per_cpu_second(self) -> float:
        """By the CPU time of the contender alone."""
        return self.records / max(self.cpu_seconds, 0.01)


@dataclass
class Meter:
    """Takes samples of a contender and its broker. The first is the begin."""

    group: Group
    broker: psutil.Process
    samples: list[Sample] = field(default_factory=list)

    def sample(self) -> None:
        """Take one."""
        cpu, resident = self.group.usage()
        self.samples.append(Sample(time.time(), cpu, sum(self.broker.cpu_times()[:2]), resident))

    def run(self, records: int, began: float, ended: float) -> Run:
        """Return the figures of the time between, by the samples next to both."""
        return figures(self.samples, records, began, ended)


def figures(samples: list[Sample], records: int, began: float, ended: float) -> Run:
    """Return a run's figures. Without a sample after the end, the last one stands for it."""
    first = samples[0]
    until = [sample for sample in samples if sample.at < ended]
    last = samples[min(len(until), len(samples) - 1)]
    return Run(
        records=records,
        seconds=ended - began,
        cpu_seconds=last.cpu - first.cpu,
        broker_cpu_seconds=last.broker_cpu - first.broker_cpu,
        peak_bytes=max(sample.resident for sample in samples[: len(until) + 1]),
    )
