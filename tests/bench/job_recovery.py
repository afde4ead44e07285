"""The job `recovery`: a state is made, its owner ended and started again; how fast the rows come back.

Kafka Streams tells itself how many rows it restored in which time, and so does giftstream: its engine, doing `gifters`
like the others, and a whole worker; one process of each. Of stock Faust the time from its start until it is ready
counts, less that of its first start, when there was nothing to recover.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

import psutil

from app.settings import Settings
from tests.bench.build import Missing
from tests.bench.contender import engine, named
from tests.bench.contest import take_turns
from tests.bench.gift_worker import counted, drop_topics, make_topics, settings_of, wait_ready, working
from tests.bench.group import Failed, Group, started
from tests.bench.measure import Meter
from tests.bench.race import Found, arguments, environment, wait_right
from tests.bench.results import Result, spread
from tests.bench.shape import ROWS
from tests.bench.source import Source
from tests.bench.stand import SOURCE_TOPIC, Stand
from tests.bench.topic import drop, make

JOB: Final = "recovery"
ENGINE: Final = "giftstream"
WORKER: Final = "giftstream-worker"
"""A real worker, whose rows are larger: cells for four windows, names and all."""

STREAMS: Final = "kafka-streams-mem-1"
FAUST: Final = "faust-idiomatic"
ROWS_A_GIFT: Final = 2
"""A gift of a new gifter makes about so many rows in giftstream's state, so it is given half as many."""

PAUSE_SECONDS: Final = 1.0

_numbers = count(1)

Recovered = tuple[int, float]
"""How many rows, and in how many seconds."""

Command = Callable[[], list[str]]

Recover = Callable[[], Recovered]
"""Starts a contender on the state that it has made, waits until it has it, and ends it. Raises Failed."""

Stage = Callable[[Stand], Iterator[Recover]]
"""Lets a contender make its state, and keeps it. Raises Failed, or Missing."""


@dataclass
class Entry:
    """A contender: its recoveries, or why it makes none. `recover` is there once it has made its state."""

    name: str
    stage: Stage
    recover: Recover | None = None
    runs: list[Recovered] = field(default_factory=list)
    missing: str = ""

    @property
    def title(self) -> str:
        """The contender."""
        return f"{JOB}, {self.name}"

    def make(self, stand: Stand, kept: ExitStack) -> None:
        """Let it make its state, which is kept as long as `kept` is open."""
        if time.monotonic() > stand.until(JOB):
            self.missing = "no time was left"
            return
        stand.say(f"{self.title} makes its state")
        try:
            self.recover = kept.enter_context(contextmanager(self.stage)(stand))
        except (Missing, Failed) as error:
            self.missing = str(error)
            stand.say(f"{self.title}: {self.missing}")

    def run(self) -> str:
        """Start it again, and return what it recovered in a line."""
        assert self.recover is not None
        self.runs.append(self.recover())
        rows, seconds = self.runs[-1]
        return f"{rows:,} rows in {seconds:.1f} s"

    def result(self) -> Result:
        """Return the medians of its recoveries: none if one of them failed."""
        if self.missing:
            return Result(JOB, self.name, ROWS.name, missing=self.missing)
        speeds = [rows / max(seconds, 0.001) for rows, seconds in self.runs]
        rows = round(median(rows for rows, _ in self.runs))
        return Result(
            JOB,
            self.name,
            ROWS.name,
            runs=len(self.runs),
            rows=rows,
            rows_per_second=round(median(speeds)),
            spread=spread(speeds),
        )


def run(stand: Stand) -> list[Result]:
    """Return a result a contender. All make their states first, and then take turns."""
    entries = [Entry(name, stage) for name, stage in STAGES.items() if stand.plays(name)]
    with ExitStack() as kept:
        for entry in entries:
            entry.make(stand, kept)
        take_turns(entries, stand.plan.rounds, stand.until(JOB), stand.say)
    return [entry.result() for entry in entries]


def _peer(command: Command, told: Callable[[Group], Recovered] | None, stand: Stand) -> Iterator[Recover]:
    """Let a contender do `gifters`, and end it. One that tells nothing, as it is slow, has its start timed."""
    source = stand.source(ROWS, stand.plan.rows if told else stand.plan.slow_records)
    app_id = f"recovery-{next(_numbers)}"
    make(source.broker, f"{app_id}-out")
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            state = Path(folder, "state")
            state.mkdir()
            asked = [*command(), *arguments(source.broker, "gifters", source.topic, app_id, state)]
            first = _first_run(stand, asked, source, Path(folder, "log"), f"{app_id}-out")

            def recover() -> Recovered:
                begun = time.time()
                with started(asked, Path(folder, f"log-{next(_numbers)}"), environment()) as group:
                    again = group.wait_ready() - begun
                    return told(group) if told else (len(source.right("gifters")), again - first)

            yield recover
    finally:
        drop(source.broker, lambda topic: topic.startswith(app_id))


def _first_run(stand: Stand, command: list[str], source: Source, log: Path, out: str) -> float:
    """Work off the source, and return after how many seconds it was ready."""
    found = Found(source.broker, out)
    begun = time.time()
    try:
        with started(command, log, environment()) as group:
            ready = group.wait_ready() - begun
            meter = Meter(group, psutil.Process(stand.broker.pid))
            wait_right(meter, found, source.right("gifters"), stand.plan.limit_seconds)
            return ready
    finally:
        found.close()


def _told(group: Group) -> Recovered:
    """Return what it said: `restored ROWS MS`. Raises Failed if it restored none."""
    for line in group.said():
        if line.startswith("restored "):
            _, rows, milliseconds = line.split()
            return int(rows), int(milliseconds) / 1000
    raise Failed("it restored nothing")


def _giftstream(stand: Stand) -> Iterator[Recover]:
    """Let a worker count, and end it."""
    source = stand.source(ROWS, stand.plan.rows // ROWS_A_GIFT)
    prefix = source.topic.removesuffix(SOURCE_TOPIC)
    settings = settings_of(source.broker, f"recovery-{next(_numbers)}", prefix, workers=1)
    make_topics(settings)
    try:
        with tempfile.TemporaryDirectory() as folder:
            with working(settings, Path(folder, "log")) as group:
                _wait_counted(group, settings, source.records, stand.plan.limit_seconds)

            def recover() -> Recovered:
                with working(settings, Path(folder, f"log-{next(_numbers)}")) as group:
                    wait_ready(settings, group)
                    return logged(group.said())

            yield recover
    finally:
        drop_topics(settings)


def _wait_counted(group: Group, settings: Settings, records: int, seconds: float) -> None:
    """Return when so many records are counted. Raises Failed."""
    deadline = time.monotonic() + seconds
    while counted(settings)[0] < records:
        group.check()
        if time.monotonic() > deadline:
            raise Failed(f"not all counted after {seconds} s")
        time.sleep(PAUSE_SECONDS)


def logged(lines: list[str]) -> Recovered:
    """Return the rows and seconds of a worker's log. Raises Failed if it recovered none."""
    told = [json.loads(line) for line in lines if line.startswith("{")]
    recovered = [line for line in told if line.get("event") == "recovered"]
    rows = sum(line["rows"] for line in recovered)
    if not rows:
        raise Failed("it recovered nothing")
    return rows, sum(line["seconds"] for line in recovered)


STAGES: Final[dict[str, Stage]] = {
    ENGINE: partial(_peer, partial(engine, workers=1), _told),
    WORKER: _giftstream,
    STREAMS: partial(_peer, named(STREAMS).command, _told),
    FAUST: partial(_peer, named(FAUST).command, None),
}
