"""The jobs `totals` and `gifters`: who works off the same backlog, to the same rows, how fast."""

from dataclasses import replace
from functools import partial
from typing import Final

from tests.bench.contender import ALL, Contender
from tests.bench.contest import Entry, contest
from tests.bench.measure import Run
from tests.bench.race import race
from tests.bench.results import Result
from tests.bench.shape import FEW, MANY, Shape
from tests.bench.stand import Stand

IN_FEW: Final = ("giftstream", "kafka-streams-mem-1", "flink-heap")
"""With few gifters a stream only the best of each kind run, to keep within the hour."""


def run(stand: Stand, job: str) -> list[Result]:
    """Return the results of one of the two jobs, in both shapes."""
    wanted = [one for one in ALL if stand.plays(one.name)]
    results = contest(entries(stand, job, MANY, wanted), stand.plan.rounds, stand.until(job), stand.say)
    if job == "gifters" and stand.plan.minutes[FEW.name]:
        few = [one for one in wanted if one.name in IN_FEW]
        results += contest(entries(stand, job, FEW, few), stand.plan.rounds, stand.until(FEW.name), stand.say)
    return results


def entries(stand: Stand, job: str, shape: Shape, contenders: list[Contender]) -> list[Entry]:
    """Return an entry a contender."""
    return [Entry(job, shape.name, one, partial(_race, stand, job, shape)) for one in contenders]


def _race(stand: Stand, job: str, shape: Shape, contender: Contender, command: list[str]) -> Run:
    records = stand.plan.slow_records if contender.slow else stand.plan.records
    source = stand.source(_part(shape, stand.plan.records, records), records)
    return race(stand.broker, command, job, source, stand.plan.limit_seconds)


def _part(shape: Shape, whole: int, records: int) -> Shape:
    """Return the shape of the beginning of a load: the same pace of event time for fewer events."""
    return replace(shape, seconds=shape.seconds * records / whole)
