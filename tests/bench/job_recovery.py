"""The job `recovery`: a state is made, its owner ended and started again; how fast the rows come back.

Kafka Streams tells itself how many rows it restored in which time, and so does giftstream: its engine, doing `gifters`
like the others, and a whole worker; one process of each. Of stock Faust the time from its start until it is ready
counts, less that of its first start, when there was nothing to recover.
"""

import json
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final

import psutil

from tests.bench.build import Missing
from tests.bench.contender import ALL, engine
from tests.bench.gift_worker import counted, drop_topics, make_topics, settings_of, wait_ready, working
from tests.bench.group import Failed, Group, started
from tests.bench.measure import Meter
from tests.bench.race import Found, arguments, environment, wait_right
from tests.bench.results import Result
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


def run(stand: Stand) -> list[Result]:
    """Return a result a contender."""
    recoveries: dict[str, Callable[[Stand], Recovered]] = {
        ENGINE: lambda stand: _peer(stand, engine(workers=1), stand.plan.rows, _told),
        WORKER: _giftstream,
        STREAMS: lambda stand: _peer(stand, _command(STREAMS), stand.plan.rows, _told),
        FAUST: lambda stand: _peer(stand, _command(FAUST), stand.plan.slow_records, lambda *_: None),
    }
    return [_measured(stand, name, recover) for name, recover in recoveries.items() if stand.plays(name)]


def _measured(stand: Stand, name: str, recover: Callable[[Stand], Recovered]) -> Result:
    if time.monotonic() > stand.until(JOB):
        return Result(JOB, name, ROWS.name, missing="no time was left")
    try:
        rows, seconds = recover(stand)
    except (Missing, Failed) as error:
        stand.say(f"recovery, {name}: {error}")
        return Result(JOB, name, ROWS.name, missing=str(error))
    stand.say(f"recovery, {name}: {rows:,} rows in {seconds:.1f} s")
    return Result(JOB, name, ROWS.name, runs=1, rows=rows, rows_per_second=round(rows / max(seconds, 0.001)))


def _command(name: str) -> list[str]:
    return next(one for one in ALL if one.name == name).command()


def _peer(stand: Stand, command: list[str], records: int, told: Callable[[Group], Recovered | None]) -> Recovered:
    """Let a contender do `gifters`, end it, and start it again."""
    source = stand.source(ROWS, records)
    app_id = f"recovery-{next(_numbers)}"
    make(source.broker, f"{app_id}-out")
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            state = Path(folder, "state")
            state.mkdir()
            asked = [*command, *arguments(source.broker, "gifters", source.topic, app_id, state)]
            first = _first_run(stand, asked, source, Path(folder, "log-1"), f"{app_id}-out")
            begun = time.time()
            with started(asked, Path(folder, "log-2"), environment()) as group:
                again = group.wait_ready() - begun
                return told(group) or (len(source.right("gifters")), again - first)
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
    """Return what Kafka Streams said: `restored ROWS MS`. Raises Failed if it restored none."""
    for line in group.said():
        if line.startswith("restored "):
            _, rows, milliseconds = line.split()
            return int(rows), int(milliseconds) / 1000
    raise Failed("it restored nothing")


def _giftstream(stand: Stand) -> Recovered:
    """Let a worker count, end it, and start another one."""
    source = stand.source(ROWS, stand.plan.rows // ROWS_A_GIFT)
    prefix = source.topic.removesuffix(SOURCE_TOPIC)
    settings = settings_of(source.broker, f"recovery-{next(_numbers)}", prefix, workers=1)
    make_topics(settings)
    try:
        with tempfile.TemporaryDirectory() as folder:
            with working(settings, Path(folder, "log-1")) as group:
                deadline = time.monotonic() + stand.plan.limit_seconds
                while counted(settings)[0] < source.records:
                    group.check()
                    if time.monotonic() > deadline:
                        raise Failed(f"not all counted after {stand.plan.limit_seconds} s")
                    time.sleep(PAUSE_SECONDS)
            with working(settings, Path(folder, "log-2")) as group:
                wait_ready(settings, group)
                return logged(group.said())
    finally:
        drop_topics(settings)


def logged(lines: list[str]) -> Recovered:
    """Return the rows and seconds of a worker's log. Raises Failed if it recovered none."""
    told = [json.loads(line) for line in lines if line.startswith("{")]
    recovered = [line for line in told if line.get("event") == "recovered"]
    rows = sum(line["rows"] for line in recovered)
    if not rows:
        raise Failed("it recovered nothing")
    return rows, sum(line["seconds"] for line in recovered)
