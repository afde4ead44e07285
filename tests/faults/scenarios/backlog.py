"""Group 8: a backlog older than every window, and event time that jumps."""

import time
from typing import Any, Final

import orjson

from app.load.options import LoadOptions
from app.topic_reader import read_to_end
from tests.faults.load import PlacedSimulation, load_options
from tests.faults.scenario import scenario
from tests.faults.stage import Stage, beside

DAY_MS: Final = 86_400_000
SECONDS: Final = 120

JUMPS_DAYS: Final = (30.0, 20.0, 8.5, 2.0, 0.1)
"""How long ago each part of the load happened: each jump passes the end and the retention of more windows."""


def part(stage: Stage, days_ago: float) -> LoadOptions:
    start_ms = int(time.time() * 1000 - days_ago * DAY_MS)
    return load_options(start_ms=start_ms, seconds=SECONDS, rate=50, streams=20, seed=stage.seed)


async def send_jumping(stage: Stage, parts: list[LoadOptions]) -> None:
    for one in parts:
        await stage.whole_load(PlacedSimulation(one, stage.log))


@scenario("8", "old-backlog", short=True, rebalances=3)
async def old_backlog(stage: Stage) -> None:
    """A backlog of a month with jumps, read over three deaths, gives what a worker says that was never behind."""
    parts = [part(stage, days) for days in JUMPS_DAYS]
    async with beside(stage) as continuous:
        await continuous.worker()
        for one in parts:
            await send_jumping(continuous, [one])
            await continuous.counted()
        await send_jumping(stage, parts)
        for batches in (2, 4, 3):
            await stage.dies(stage.start(die_at={"batch_folded": batches}))
        await stage.counted()
        differing = _differing(await _newest(stage), await _newest(continuous))
    assert not differing, f"{len(differing)} boards differ from those of a continuous run: {differing[:5]}"


async def _newest(stage: Stage) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the newest value of each board of gifts, without what a name or the wall clock decides."""
    names = stage.topics.topics
    found = {}
    for kind in ("totals", "gifters"):
        async for record in read_to_end(stage.settings, [getattr(names, kind).name]):
            if record.value is not None:
                board = orjson.loads(record.value)
                offsets = board.pop("position")["offsets"]
                board["revision"] -= board.pop("is_final")
                found[kind, record.key.decode()] = board | {"offsets": offsets}
    return found


def _differing(some: dict[tuple[str, str], Any], others: dict[tuple[str, str], Any]) -> list[tuple[str, str]]:
    return sorted(key for key in some.keys() | others.keys() if some.get(key) != others.get(key))
