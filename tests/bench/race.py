"""One run of one contender on a backlog: from `ready` until every row is right."""

import itertools
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from app.broker import EmbeddedBroker
from tests.bench import build
from tests.bench.build import ROOT
from tests.bench.group import Failed, started
from tests.bench.measure import Meter, Run
from tests.bench.recount import Row, difference, row
from tests.bench.source import Source
from tests.bench.topic import Reader, drop, make

QUIET_SECONDS: Final = 2.5
PAUSE_SECONDS: Final = 0.2

_numbers = itertools.count(1)


class Found:
    """The rows that a contender has written: the newest of each key, and when one last changed."""

    def __init__(self, broker: str, topic: str) -> None:
        self.rows: dict[bytes, Row] = {}
        self.changed_ms = 0
        self._reader = Reader(broker, topic)
        self._ends: list[int] = []
        self._since = time.monotonic()

    def quiet(self) -> bool:
        """Return whether rows were written, and none for a while."""
        ends = self._reader.ends()
        if ends != self._ends:
            self._ends, self._since = ends, time.monotonic()
        return any(ends) and time.monotonic() - self._since > QUIET_SECONDS

    def read(self) -> None:
        """Take in what was written since the last time."""
        for key, value, at_ms in self._reader.read():
            said = row(key, value)
            if self.rows.get(key) != said:
                self.rows[key] = said
                self.changed_ms = max(self.changed_ms, at_ms)
        self._since = time.monotonic()

    def close(self) -> None:
        """Let go of the connection."""
        self._reader.close()


def race(broker: EmbeddedBroker, command: Sequence[str], job: str, source: Source, seconds: float) -> Run:
    """Return the figures of a run whose rows were all right within so many seconds. Raises Failed."""
    right = source.right(job)
    name = f"bench-{next(_numbers)}"
    make(broker.bootstrap, f"{name}-out")
    found = Found(broker.bootstrap, f"{name}-out")
    try:
        with tempfile.TemporaryDirectory(prefix=name, ignore_cleanup_errors=True) as folder:
            state = Path(folder, "state")
            state.mkdir()
            asked = arguments(broker.bootstrap, job, source.topic, name, state)
            with started([*command, *asked], Path(folder, "log"), environment()) as group:
                began = group.wait_ready()
                meter = Meter(group, psutil.Process(broker.pid))
                wait_right(meter, found, right, seconds)
                return meter.run(source.records, began, found.changed_ms / 1000)
    finally:
        found.close()
        drop(broker.bootstrap, lambda topic: topic.startswith(name))


def arguments(broker: str, job: str, source: str, name: str, state: Path) -> list[str]:
    """Return what every contender is told."""
    named = {"broker": broker, "job": job, "source": source, "out": f"{name}-out", "app-id": name, "state": str(state)}
    return [text for option, value in named.items() for text in (f"--{option}", value)]


def environment() -> dict[str, str]:
    """Return the environment of contenders: ours, with the repository for Python to find, and what was compiled."""
    path = os.environ.get("PYTHONPATH") or str(ROOT)
    return os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "BENCH_COMPILED": build.machine()}


def wait_right(meter: Meter, found: Found, right: dict[bytes, Row], seconds: float) -> None:
    """Return when all rows are right. While rows are still written nothing is read, so as not to be in the way."""
    deadline = time.monotonic() + seconds
    meter.sample()
    while True:
        time.sleep(PAUSE_SECONDS)
        meter.group.check()
        meter.sample()
        if found.quiet():
            found.read()
            if found.rows == right:
                return
        if time.monotonic() > deadline:
            found.read()
            raise Failed(f"not right after {seconds:.0f} s: {difference(right, found.rows)}")
