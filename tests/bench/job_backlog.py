"""The job `backlog`: how fast a worker for each core, or one alone, does all it can with twenty minutes of event time.

The load is the one of `giftstream simulate`: 4 partitions, 5,000 streams, 200,000 gifters, Zipf, with streaks,
duplicates, late and bad ones. What is published is held against the load's own answer.
"""

import asyncio
import time
from functools import partial
from itertools import count
from typing import Final

from app.load.answer import Answer
from app.load.options import LoadOptions
from app.load.sender import make_producer, send
from app.load.simulation import Simulation
from tests.bench.contender import Contender
from tests.bench.contest import Entry, contest
from tests.bench.gift_worker import settings_of
from tests.bench.measure import Run
from tests.bench.results import Result
from tests.bench.stand import SOURCE_TOPIC, Stand
from tests.bench.topic import make
from tests.bench.work_off import CONTENDERS, check_totals, contenders, work_off

JOB: Final = "backlog"
SHAPE: Final = "simulated"
PREFIX: Final = "backlog-"
EVENT_SECONDS: Final = 1_200.0

_numbers = count(1)


def run(stand: Stand) -> list[Result]:
    """Return the results."""
    playing = [one for one in contenders("all that giftstream does") if stand.plays(one.name)]
    if not playing:
        return []
    stand.say(f"Filling {PREFIX}{SHAPE}")
    answer = asyncio.run(_load(stand))
    entries = [Entry(JOB, SHAPE, one, partial(_race, stand, answer)) for one in playing]
    return contest(entries, stand.plan.rounds, stand.until(JOB), stand.say)


async def _load(stand: Stand) -> Answer:
    """Put the load on its topic, and return what is right."""
    records, seconds = stand.plan.backlog_records, EVENT_SECONDS
    start_ms = int((time.time() - seconds) * 1000)
    options = LoadOptions(rate=records / seconds, streams=5_000, gifters=200_000, seconds=seconds, start_ms=start_ms)
    broker, topic = stand.broker.bootstrap, f"{PREFIX}{SOURCE_TOPIC}"
    await asyncio.to_thread(make, broker, topic)
    async with make_producer(broker) as producer:
        return await send(Simulation(options), producer, topic)


def _race(stand: Stand, answer: Answer, contender: Contender, command: list[str]) -> Run:
    workers = CONTENDERS[contender.name]
    settings = settings_of(stand.broker.bootstrap, f"{PREFIX}{next(_numbers)}", PREFIX, workers)
    meant = {key: (value, sends) for key, (value, sends) in answer.totals.items()}
    return work_off(stand, settings, answer.sent, partial(check_totals, settings, meant))
