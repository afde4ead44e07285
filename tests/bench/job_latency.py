"""The job `latency`: how long from the call that sends a gift until a consumer holds a result that counts it."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from app.topology import topology
from tests.bench.contender import WORKERS, named
from tests.bench.contest import take_turns
from tests.bench.follower import Follower, Read, board, row
from tests.bench.gift_worker import make_topics, settings_of, wait_ready, working
from tests.bench.group import Failed, started
from tests.bench.lateness import Percentiles, latencies, percentiles_ms
from tests.bench.race import arguments, environment
from tests.bench.results import Result, spread
from tests.bench.stand import Stand
from tests.bench.steady import Sent, Steady
from tests.bench.topic import drop, make

JOB: Final = "latency"
PEER: Final = "kafka-streams-mem-1"
COMMIT_MS: Final = 50
"""As short as Kafka Streams' caches are flushed here; giftstream's own flush is as long."""

WARM_UP_SECONDS: Final = 10.0
SETTLE_SECONDS: Final = 2.0

_numbers = count(1)


class Followed(NamedTuple):
    """A running contender: where gifts go, where results come, how both are matched."""

    source: str
    results: str
    read: Read
    mark: Callable[[Sent], tuple[str, int, float]]


Stage = Callable[[Stand, Path], Iterator[Followed]]


@dataclass
class Entry:
    """A contender at one rate: the percentiles of its runs, or why it makes no more."""

    stand: Stand
    name: str
    rate: int
    runs: list[Percentiles] = field(default_factory=list)
    missing: str = ""

    @property
    def title(self) -> str:
        """Rate and contender."""
        return f"{JOB} at {self.rate:,}/s, {self.name}"

    def run(self) -> str:
        """Run once, and return what came of it in a line."""
        self.runs.append(_measured(self.stand, self.rate, STAGES[self.name]))
        return "p50 {}, p99 {}, p99.9 {} ms".format(*self.runs[-1])

    def result(self) -> Result:
        """Return the medians of its runs: none if one of them failed."""
        if self.missing:
            return Result(JOB, self.name, rate=self.rate, missing=self.missing)
        p50, p99, p999 = (round(median(each), 1) for each in zip(*self.runs, strict=True))
        worst = spread([run[1] for run in self.runs])
        return Result(
            JOB, self.name, runs=len(self.runs), rate=self.rate, p50_ms=p50, p99_ms=p99, p999_ms=p999, spread=worst
        )


def run(stand: Stand) -> list[Result]:
    """Return a result a rate and contender."""
    results = []
    for rate in stand.plan.rates:
        entries = [Entry(stand, name, rate) for name in STAGES if stand.plays(name)]
        take_turns(entries, stand.plan.rounds, stand.until(JOB), stand.say)
        results += [entry.result() for entry in entries]
    return results


def _measured(stand: Stand, rate: int, stage: Stage) -> Percentiles:
    """Raises Failed, or Missing."""
    broker = stand.broker.bootstrap
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        contextmanager(stage)(stand, Path(folder)) as one,
        Follower(broker, one.results, one.read) as follower,
    ):
        steady = Steady(broker, one.source, rate, WARM_UP_SECONDS + stand.plan.rates[rate])
        steady.run(WARM_UP_SECONDS)
        time.sleep(SETTLE_SECONDS)
        seen = follower.stop()
    asked = sorted((one.mark(sent) for sent in steady.sent), key=lambda mark: mark[1])
    found, never = latencies(asked, seen)
    if never or not found:
        raise Failed(f"{never:,} of {len(asked):,} gifts not seen {SETTLE_SECONDS:.0f} s later")
    return percentiles_ms(found)


def _giftstream(stand: Stand, folder: Path) -> Iterator[Followed]:
    """Run a worker for each core on topics of its own; a board names the offset up to which it counts."""
    prefix = f"latency-{next(_numbers)}-"
    settings = settings_of(stand.broker.bootstrap, prefix.rstrip("-"), prefix, WORKERS)
    make_topics(settings)
    try:
        with working(settings, folder / "log") as group:
            wait_ready(settings, group)
            boards = topology(settings).gifters.name
            yield Followed(settings.source_topic, boards, board, lambda sent: (sent.stream, sent.offset, sent.at))
    finally:
        drop(settings.broker, lambda topic: topic.startswith(prefix.rstrip("-")))


def _kafka_streams(stand: Stand, folder: Path) -> Iterator[Followed]:
    """Run `gifters`; the row of a stream's minute counts a gift once its sends are as many."""
    command = named(PEER).command()
    name = f"latency-{next(_numbers)}"
    broker = stand.broker.bootstrap
    make(broker, f"{name}-in")
    make(broker, f"{name}-out")
    asked = arguments(broker, "gifters", f"{name}-in", name, folder / "state")
    try:
        with started([*command, *asked, "--commit-ms", str(COMMIT_MS)], folder / "log", environment()) as group:
            group.wait_ready()
            yield Followed(
                f"{name}-in", f"{name}-out", row, lambda sent: (f"{sent.stream}|{sent.minute_ms}", sent.sends, sent.at)
            )
    finally:
        drop(broker, lambda topic: topic.startswith(name))


STAGES: Final[dict[str, Stage]] = {"giftstream": _giftstream, PEER: _kafka_streams}
