"""The proof has teeth: a stock Faust application under the same kills, and its counts must be seen to be wrong."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from app.broker.spawn import spawn
from app.errors import UsageError
from app.load.options import Faults
from app.topic_reader import read_to_end
from tests.faults.load import PlacedSimulation, load_options
from tests.faults.scenario import scenario
from tests.faults.stage import Stage
from tests.integration.waiting import until

PROGRAM: Final = (sys.executable, "-m", "tests.faults.stock_faust")
WORKER: Final = ("worker", "--loglevel=error", "--without-web")
SETTLED_SECONDS: Final = 12
"""It has counted everything when nothing has changed for so long; a session is 6 s."""


class StockFaust:
    """The application: its processes, and what it has counted by its changelog."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self._folder = folder
        self._workers: list[subprocess.Popen[bytes]] = []
        self._id = f"{stage.settings.app_id}-stock"

    def start(self) -> "subprocess.Popen[bytes]":
        environment = {
            "STOCK_ID": self._id,
            "STOCK_BROKER": self._stage.settings.broker,
            "STOCK_TOPIC": self._stage.settings.source_topic,
        }
        command = (*PROGRAM, f"--datadir={self._folder / str(len(self._workers))}", *WORKER)
        worker = spawn(command, self._folder / "log", os.environ | environment)
        self._workers.append(worker)
        return worker

    def end(self) -> None:
        """Leave no process behind."""
        for worker in self._workers:
            worker.kill()
            worker.wait()

    async def counts(self) -> Counter[bytes]:
        """Return the newest count of each stream."""
        found: Counter[bytes] = Counter()
        topic = f"{self._id}-counts-changelog"
        async for record in read_to_end(self._stage.settings, [topic]):
            found[orjson.loads(record.key).encode()] = orjson.loads(record.value)
        return found

    async def until_more(self, records: int) -> None:
        goal = (await self._total()) + records

        async def is_counted() -> bool:
            return await self._total() >= goal

        await until(is_counted, f"the stock application has counted {goal}")

    async def until_settled(self) -> None:
        before = -1
        while (now := await self._total()) != before:
            before = now
            await asyncio.sleep(SETTLED_SECONDS)

    async def _total(self) -> int:
        try:
            return (await self.counts()).total()
        except UsageError:  # the topic is not there yet
            return 0


async def _sent(stage: Stage) -> Counter[bytes]:
    """Return how many records of each stream are on the topic."""
    found: Counter[bytes] = Counter()
    async for record in read_to_end(stage.settings, [stage.settings.source_topic]):
        found[record.key] += 1
    return found


@asynccontextmanager
async def stock_faust(stage: Stage) -> AsyncIterator[StockFaust]:
    """Yield the application with a load on its topic; then wait for it and compare its counts with what was sent."""
    await stage.whole_load(
        PlacedSimulation(load_options(seed=stage.seed, rate=1_000, seconds=20, faults=Faults.none()), stage.log)
    )
    with TemporaryDirectory(prefix="giftstream-stock-") as folder:
        stock = StockFaust(stage, Path(folder))
        try:
            yield stock
            await stock.until_settled()
            _compare(stage, await _sent(stage), await stock.counts())
        finally:
            stock.end()


def _compare(stage: Stage, sent: Counter[bytes], counted: Counter[bytes]) -> None:
    wrong = [key for key in sent.keys() | counted.keys() if sent[key] != counted[key]]
    stage.notes.append(f"stock Faust counted {counted.total():,} of {sent.total():,}; {len(wrong)} streams are wrong")
    assert wrong, "stock Faust counted right: the injury shows nothing"


@scenario("teeth", "stock-faust-killed", offstage=True, replays=False)
async def killed(stage: Stage) -> None:
    """A stock Faust application is killed three times under load: its counts are wrong."""
    async with stock_faust(stage) as stock:
        for _ in range(3):
            worker = stock.start()
            await stock.until_more(2_000)
            worker.kill()
            stage.kills += 1
        stock.start()


@scenario("teeth", "stock-faust-shared", offstage=True, replays=False)
async def shared(stage: Stage) -> None:
    """A second worker joins, and one of the two is killed, twice: its counts are wrong."""
    async with stock_faust(stage) as stock:
        first = stock.start()
        for _ in range(2):
            await stock.until_more(2_000)
            second = stock.start()
            await stock.until_more(2_000)
            first.kill()
            stage.kills += 1
            first = second
