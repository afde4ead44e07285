"""The job `product`: all that giftstream does, against Kafka Streams doing a part of it."""

import asyncio
import tempfile
import time
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import psutil

from app.demo.outcome import read_totals
from app.settings import Settings
from tests.bench.contender import ALL, Contender
from tests.bench.contest import Entry, contest
from tests.bench.gift_worker import counted, drop_topics, make_topics, settings_of, wait_ready, working
from tests.bench.group import Failed
from tests.bench.measure import Meter, Run
from tests.bench.race import race
from tests.bench.recount import Row
from tests.bench.results import Result
from tests.bench.shape import MANY
from tests.bench.source import Source
from tests.bench.stand import SOURCE_TOPIC, Stand

JOB: Final = "product"
YARDSTICK: Final = "gifters-dedup"
PEER: Final = "kafka-streams-mem-1"
PAUSE_SECONDS: Final = 1.0

_numbers = count(1)


def run(stand: Stand) -> list[Result]:
    """Return the results."""
    peer = next(one for one in ALL if one.name == PEER)
    contenders = [
        Contender("giftstream", lambda: [], note="checks, dedup, streaks, all windows, boards, spikes; exactly once"),
        Contender(PEER, peer.command, note="only gifters, with dedup"),
    ]
    entries = [Entry(JOB, MANY.name, one, partial(_race, stand)) for one in contenders if stand.plays(one.name)]
    return contest(entries, stand.plan.rounds, stand.until(JOB), stand.say)


def _race(stand: Stand, contender: Contender, command: list[str]) -> Run:
    source = stand.source(MANY, stand.plan.records)
    if contender.name == PEER:
        return race(stand.broker, command, YARDSTICK, source, stand.plan.limit_seconds)
    settings = settings_of(source.broker, f"product-{next(_numbers)}", source.topic.removesuffix(SOURCE_TOPIC))
    make_topics(settings)
    try:
        with tempfile.TemporaryDirectory() as folder, working(settings, Path(folder, "log")) as group:
            began = wait_ready(settings, group)
            meter = Meter(group, psutil.Process(stand.broker.pid))
            ended = _wait(meter, settings, source.records, stand.plan.limit_seconds)
        _check(settings, source)
        return meter.run(source.records, began, ended)
    finally:
        drop_topics(settings)


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


def _check(settings: Settings, source: Source) -> None:
    """Raise Failed if the totals of the streams are not those of the recount."""
    found = {stream: row for (stream, _), row in asyncio.run(read_totals(settings)).items()}
    if found != (right := by_stream(source.right(YARDSTICK))):
        wrong = [stream for stream in right if found.get(stream) != right[stream]]
        raise Failed(f"{len(wrong):,} of {len(right):,} streams' totals are not right")


def by_stream(rows: dict[bytes, Row]) -> dict[str, Row]:
    """Return the totals of the minutes, added up by stream."""
    sums: dict[str, Row] = {}
    for key, (value, sends) in rows.items():
        stream, _, rest = key.decode().rpartition("|")
        if rest.isdigit():
            before = sums.get(stream, (0, 0))
            sums[stream] = before[0] + value, before[1] + sends
    return sums
