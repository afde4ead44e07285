"""The job `growth`: what more rows and more streams cost giftstream, in time and in memory.

A process for each size makes its rows, and keeps them. Then all take turns, a round each, so that none is measured at
another time than the others: memory is shared with whoever else is on the machine.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Final

from tests.bench.race import environment
from tests.bench.results import Result, spread
from tests.bench.stand import Stand

JOB: Final = "growth"
NAME: Final = "giftstream"
STREAMS: Final = 5_000
NOTE: Final = "the engine alone, on one core; gifters' rows"


class Size:
    """So many rows of so many streams, in a process of their own that waits for its next round."""

    def __init__(self, rows: int, streams: int, process: "subprocess.Popen[str]") -> None:
        self.rows, self.shape = rows, shape(streams)
        self._process = process
        self._bytes_per_row = self._told("bytes_per_row")
        self._speeds: list[float] = []

    def round(self) -> float:
        """Run one, and return its events a CPU second."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        self._speeds.append(self._told("events_per_second"))
        return self._speeds[-1]

    def result(self) -> Result:
        """Return the median of the rounds."""
        speed = round(median(self._speeds))
        return Result(
            JOB,
            NAME,
            self.shape,
            rows=self.rows,
            bytes_per_row=self._bytes_per_row,
            events_per_second=speed,
            runs=len(self._speeds),
            spread=spread(self._speeds),
            note=NOTE,
        )

    def _told(self, figure: str) -> float:
        """Return the figure that the process tells next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.rows:,} rows, {self.shape}: the process has ended; what it said is above")
        return float(json.loads(line)[figure])


def shape(streams: int) -> str:
    """Return how the results name so many streams."""
    return f"{streams:,} streams"


def run(stand: Stand) -> list[Result]:
    """Return a result a size: so many rows over 5,000 streams, and 1M rows over so many streams."""
    sizes = [(rows, STREAMS) for rows in stand.plan.growth_rows]
    sizes += [(stand.plan.growth_rows[1], streams) for streams in (100, 10_000, 100_000)]
    if not stand.plays(NAME):
        return []
    if time.monotonic() > stand.until(JOB):
        return [Result(JOB, NAME, shape(streams), rows=rows, missing="no time was left") for rows, streams in sizes]
    with ExitStack() as processes:
        growing = [processes.enter_context(_grown(stand, *size)) for size in sizes]
        for number in range(stand.plan.growth_rounds):
            turns = growing if number % 2 == 0 else reversed(growing)
            said = {f"{one.rows:,} rows, {one.shape}": round(one.round()) for one in turns}
            stand.say(f"growth, events a CPU second: {said}")
        return [one.result() for one in growing]


@contextmanager
def _grown(stand: Stand, rows: int, streams: int) -> Iterator[Size]:
    """Yield so many rows, and end their process whatever happens."""
    command = [sys.executable, "-m", "tests.bench.growing", str(rows), str(streams)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment()) as process:
        try:
            stand.say(f"growth, making {rows:,} rows, {shape(streams)}")
            yield Size(rows, streams, process)
        finally:
            process.kill()
