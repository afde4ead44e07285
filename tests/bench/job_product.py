"""The job `product`: all that giftstream does, against Kafka Streams doing a part of it."""

from functools import partial
from itertools import count
from typing import Final

from tests.bench.contender import Contender, named
from tests.bench.contest import Entry, contest
from tests.bench.gift_worker import settings_of
from tests.bench.measure import Run
from tests.bench.race import race
from tests.bench.recount import Row
from tests.bench.results import Result
from tests.bench.shape import MANY
from tests.bench.stand import SOURCE_TOPIC, Stand
from tests.bench.work_off import CONTENDERS, check_totals, contenders, work_off

JOB: Final = "product"
YARDSTICK: Final = "gifters-dedup"
UNIT: Final = "coin"
PEER: Final = "kafka-streams-mem-1"

_numbers = count(1)


def run(stand: Stand) -> list[Result]:
    """Return the results."""
    peer = named(PEER)
    all_of_it, _ = contenders("checks, dedup, streaks, all windows, boards, spikes")
    playing = [all_of_it, Contender(PEER, peer.command, note="only gifters, with dedup")]
    entries = [Entry(JOB, MANY.name, one, partial(_race, stand)) for one in playing if stand.plays(one.name)]
    return contest(entries, stand.plan.rounds, stand.until(JOB), stand.say)


def _race(stand: Stand, contender: Contender, command: list[str]) -> Run:
    source = stand.source(MANY, stand.plan.records)
    if contender.name == PEER:
        return race(stand.broker, command, YARDSTICK, source, stand.plan.limit_seconds)
    prefix, workers = source.topic.removesuffix(SOURCE_TOPIC), CONTENDERS[contender.name]
    settings = settings_of(source.broker, f"product-{next(_numbers)}", prefix, workers)
    right = {(stream, UNIT): row for stream, row in by_stream(source.right(YARDSTICK)).items()}
    return work_off(stand, settings, source.records, partial(check_totals, settings, right))


def by_stream(rows: dict[bytes, Row]) -> dict[str, Row]:
    """Return the totals of the minutes, added up by stream."""
    sums: dict[str, Row] = {}
    for key, (value, sends) in rows.items():
        stream, _, rest = key.decode().rpartition("|")
        if rest.isdigit():
            before = sums.get(stream, (0, 0))
            sums[stream] = before[0] + value, before[1] + sends
    return sums
