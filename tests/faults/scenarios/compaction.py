"""Group 9: everything that can be compacted is compacted all the while, under kills, restarts and changes of owner."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import orjson

from app.topology import DAY_MS, Topic
from tests.faults.compaction import Taken, compact_eagerly
from tests.faults.load import PlacedSimulation, load_options
from tests.faults.process import FaultyWorker
from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN
from tests.faults.stage import Stage
from tests.integration.waiting import until

TOMBSTONES_MS: Final = 30_000
"""How long a tombstone is kept after the compaction that took what it deletes. A reader that saw the row just before
must reach the tombstone within that time, or the row lives again: so it is longer than any recovery here, and short
enough to be over between two of them. In production nobody knows how long a recovery takes, so a worker demands a day.
"""

OVER_MS: Final = 5 * DAY_MS
"""Longer than a board of a minute or an hour is kept. (Those of whole broadcasts are kept: the verdict reads them.)"""


class Compacted:
    """The topics of a stage, all of them compacted as soon as there is anything to gain, tombstones too."""

    def __init__(self, stage: Stage) -> None:
        names = stage.topics.topics
        self._stage = stage
        self._internal = (names.changelog, names.partials)
        self._public = (names.totals, names.gifters, names.streams, names.spikes)
        self.rewritten = [topic.name for topic in (*self._internal, names.totals, names.gifters, names.streams)]
        """Those in which a key is written again and again. (A spike has few updates.)"""
        self.taken = Taken(stage, [topic.name for topic in (*self._internal, *self._public)])

    async def begin(self) -> None:
        """Have all topics compacted from now on."""
        await self._compact(*self._public, *self._internal)

    async def refuses(self) -> None:
        """Fail unless a worker refuses to start on internal topics that forget their tombstones so soon."""
        worker = self._stage.start()
        worker.allowed.add(1)
        assert await worker.ended() == 1, worker.last_line
        for topic in self._internal:
            needed = f"{topic.name}: delete.retention.ms is {TOMBSTONES_MS}, needed at least {DAY_MS}. Fix: "
            assert needed in worker.last_line, worker.last_line

    async def start(self, count: int = 1) -> list[FaultyWorker]:
        """Return workers that own partitions. They demand that tombstones are kept, so they are while they start."""
        await compact_eagerly(self._stage, *self._internal)
        workers = [self._stage.start() for _ in range(count)]
        for worker in workers:
            await self._stage.until_assigned(worker)
        await self._compact(*self._internal)
        return workers

    async def until_more(self) -> None:
        """Return when each topic in which keys are written again has lost more rows than at the last look."""
        before = dict(self.taken.gone)

        async def is_compacted() -> bool:
            await self.taken.look()
            return all(self.taken.gone[name] > before.get(name, 0) for name in self.rewritten)

        await until(is_compacted, "all topics are compacted once more")

    def tell(self) -> None:
        """Note how much is gone, and fail if a recovery took so long that a tombstone may have gone before it."""
        names = self._stage.topics.topics
        kinds = {getattr(names, kind).name: kind for kind in names.__slots__}
        rows = ", ".join(f"{self.taken.share(name):.0%} of {kinds[name]}" for name in self.rewritten)
        tombstones = ", ".join(f"{count:,} of {kinds[name]}" for name, count in self.taken.tombstones.items())
        self._stage.notes.append(f"gone are {rows}; and tombstones: {tombstones or 'none'}")
        longest = max(seconds for worker in self._stage.workers for seconds in _recoveries(worker))
        assert longest * 1000 < TOMBSTONES_MS, f"a recovery took {longest} s, for which no tombstone is kept"

    async def _compact(self, *topics: Topic) -> None:
        await compact_eagerly(self._stage, *topics, delete__retention__ms=str(TOMBSTONES_MS))


def _recoveries(worker: FaultyWorker) -> list[float]:
    """Return how many seconds each recovery of a worker took."""
    told = [orjson.loads(line) for line in worker.said.splitlines() if line.startswith('{"') and line.endswith("}")]
    return [line["seconds"] for line in told if line["event"] == "recovered"]


async def over(stage: Stage) -> None:
    """Send gifts of so long ago that most rows and boards of them are deleted as soon as newer ones come."""
    start_ms = int(time.time() * 1000 - OVER_MS)
    past = load_options(start_ms=start_ms, seconds=60, rate=50, streams=20, seed=stage.seed)
    await stage.whole_load(PlacedSimulation(past, stage.log))


@scenario("9", "compacted", rebalances=2)
async def two_injuries(stage: Stage) -> None:
    """All topics are compacted all the while; a worker is killed and replaced, another one gives its partitions up."""
    compacted = Compacted(stage)
    await compacted.begin()
    await over(stage)
    async with stage.load(seed=stage.seed + 1):
        victim, leaving = await compacted.start(2)
        await stage.until_more(BETWEEN)
        await stage.kill(victim)
        await compacted.start()
        await compacted.until_more()
        assert await leaving.stop() == 0, leaving.last_line
        await stage.until_more(BETWEEN)
        await compacted.until_more()
    compacted.tell()


Injury = Callable[[Stage, Compacted, FaultyWorker], Awaitable[FaultyWorker]]
"""Injures a worker, or what it depends on. Returns the one that is there instead."""


async def killed(stage: Stage, compacted: Compacted, worker: FaultyWorker) -> FaultyWorker:
    await stage.kill(worker)
    return (await compacted.start())[0]


async def restarted(stage: Stage, compacted: Compacted, worker: FaultyWorker) -> FaultyWorker:
    assert await worker.stop() == 0, worker.last_line
    return (await compacted.start())[0]


async def broker_killed(stage: Stage, compacted: Compacted, worker: FaultyWorker) -> FaultyWorker:
    """The broker may be in the midst of a compaction."""
    await stage.kill_broker()
    await stage.start_broker()
    return worker


@scenario("9", "compacted-12", own_broker=True, rebalances=12)
async def twelve_injuries(stage: Stage) -> None:
    """All topics are compacted, tombstones too, as workers and broker are killed and restarted twelve times."""
    compacted = Compacted(stage)
    await compacted.begin()
    await asyncio.gather(compacted.refuses(), over(stage))
    injuries: list[Injury] = [killed, restarted, killed, broker_killed] * 3
    stage.random.shuffle(injuries)
    async with stage.load(seed=stage.seed + 1):
        pair = await compacted.start(2)
        for injury in injuries:
            await _one_more(stage, compacted, pair, injury)
        await compacted.until_more()
        for worker in pair:
            assert await worker.stop() == 0, worker.last_line
        await compacted.start()
    compacted.tell()
    _enough(stage, compacted)


async def _one_more(stage: Stage, compacted: Compacted, pair: list[FaultyWorker], injury: Injury) -> None:
    await stage.until_more(BETWEEN)
    await asyncio.sleep(stage.random.uniform(0, 2))
    place = stage.random.randrange(2)
    pair[place] = await injury(stage, compacted, pair[place])
    await compacted.taken.look()


def _enough(stage: Stage, compacted: Compacted) -> None:
    """Fail if too little was compacted for that to have come between the injuries."""
    names = stage.topics.topics
    times = compacted.taken.times[names.changelog.name]
    assert times >= 6, f"the changelog was compacted between {times} of 12 injuries"
    for topic in (names.changelog, names.totals, names.gifters):
        assert compacted.taken.tombstones[topic.name], f"no tombstone of {topic.name} was removed"
