"""Real workers work off a topic: from the first one's readiness until all of it is counted and published."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from app.demo.outcome import read_totals
from app.settings import Settings
from tests.bench.contender import WORKERS, Contender
from tests.bench.gift_worker import counted, drop_topics, make_topics, wait_ready, working
from tests.bench.group import Failed
from tests.bench.measure import Meter, Run
from tests.bench.stand import Stand

PAUSE_SECONDS: Final = 1.0

CONTENDERS: Final = {"giftstream": WORKERS, "giftstream-1": 1}
"""The contenders, and how many workers each is."""

Totals = dict[tuple[str, str], tuple[int, int]]
"""Value and sends by stream and unit."""


def contenders(doing: str) -> list[Contender]:
    """Return the contenders, each with what it is doing as a note."""
    said = {name: f"{doing}; workers: {workers}; exactly once" for name, workers in CONTENDERS.items()}
    return [Contender(name, lambda: [], note=note) for name, note in said.items()]


def work_off(stand: Stand, settings: Settings, records: int, check: Callable[[], None]) -> Run:
    """Return what it took, or raise Failed; `check` does if what was published is not right."""
    make_topics(settings)
    try:
        with tempfile.TemporaryDirectory() as folder, working(settings, Path(folder, "log")) as group:
            began = wait_ready(settings, group)
            meter = Meter(group, psutil.Process(stand.broker.pid))
            ended = _wait(meter, settings, records, stand.plan.limit_seconds)
        check()
        return meter.run(records, began, ended)
    finally:
        drop_topics(settings)


def check_totals(settings: Settings, right: Totals) -> None:
    """Raise Failed if the published totals of the streams, by stream and unit, are not these."""
    found: Totals = asyncio.run(read_totals(settings))
    if found != right:
        wrong = [key for key in found.keys() | right.keys() if found.get(key) != right.get(key)]
        raise Failed(f"the totals of {len(wrong):,} streams are not right, of {len(right):,}")


def _wait(meter: Meter, settings: Settings, records: int, seconds: float) -> float:
    """Return when all was counted and published. Raises Failed."""
    deadline = time.monotonic() + seconds
    meter.sample()
    while True:
        done, at = counted(settings)
        meter.sample()
        if done >= records:
            return at
        meter.group.check()
        if time.monotonic() > deadline:
            raise Failed(f"{done:,} of {records:,} counted after {seconds:.0f} s: {meter.group.last_words()}")
        time.sleep(PAUSE_SECONDS)
