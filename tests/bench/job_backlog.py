"""The job `backlog`: how fast one worker, and two, with everything on, work off twenty minutes of event time.

The load is the one of `giftstream simulate`: 4 partitions, 5,000 streams, 200,000 gifters, Zipf, with streaks,
duplicates, late and bad ones. What is published is held against the load's own answer.
"""

import asyncio
import time
from functools import partial
from itertools import count
from typing import Final

from app.demo.outcome import read_totals
from app.load.answer import Answer
from app.load.options import LoadOptions
from app.load.sender import make_producer, send
from app.load.simulation import Simulation
from app.settings import Settings
from tests.bench.contender import Contender
from tests.bench.contest import Entry, contest
from tests.bench.gift_worker import make_topics, settings_of
from tests.bench.group import Failed
from tests.bench.measure import Run
from tests.bench.results import Result
from tests.bench.stand import Stand
from tests.bench.work_off import work_off

JOB: Final = "backlog"
SHAPE: Final = "simulated"
PREFIX: Final = "backlog-"
EVENT_SECONDS: Final = 1_200.0
WORKERS: Final = {"giftstream": 1, "giftstream-2": 2}

_numbers = count(1)


def run(stand: Stand) -> list[Result]:
    """Return the results."""
    playing = [name for name in WORKERS if stand.plays(name)]
    if not playing:
        return []
    stand.say(f"Filling {PREFIX}{SHAPE}")
    answer = asyncio.run(_load(stand))
    entries = [
        Entry(JOB, SHAPE, Contender(name, lambda: [], note=_note(name)), partial(_race, stand, answer))
        for name in playing
    ]
    return contest(entries, stand.plan.rounds, stand.until(JOB), stand.say)


def _note(name: str) -> str:
    return f"all that giftstream does, {'one worker' if WORKERS[name] == 1 else 'two workers'}; exactly once"


async def _load(stand: Stand) -> Answer:
    """Put the load on its topic, and return what is right."""
    records, seconds = stand.plan.backlog_records, EVENT_SECONDS
    start_ms = int((time.time() - seconds) * 1000)
    options = LoadOptions(rate=records / seconds, streams=5_000, gifters=200_000, seconds=seconds, start_ms=start_ms)
    settings = _settings(stand)
    await asyncio.to_thread(make_topics, settings)
    producer = make_producer(settings.broker)
    await producer.start()
    try:
        return await send(Simulation(options), producer, settings.source_topic)
    finally:
        await producer.stop()


def _settings(stand: Stand) -> Settings:
    return settings_of(stand.broker.bootstrap, f"{PREFIX}{next(_numbers)}", PREFIX)


def _race(stand: Stand, answer: Answer, contender: Contender, command: list[str]) -> Run:
    settings = _settings(stand)
    return work_off(stand, settings, answer.sent, partial(_check, settings, answer), WORKERS[contender.name])


def _check(settings: Settings, answer: Answer) -> None:
    """Raise Failed if the totals of the streams are not those that the load meant."""
    meant = {key: (value, sends) for key, (value, sends) in answer.totals.items()}
    found = asyncio.run(read_totals(settings))
    if found != meant:
        wrong = [key for key in meant if found.get(key) != meant[key]]
        raise Failed(f"{len(wrong):,} of {len(meant):,} streams' totals are not right")
