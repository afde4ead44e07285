"""Group 13: records that the fold stumbles over, named by the worker that they stop, and quarantined."""

import re
from collections import Counter
from collections.abc import Iterable

from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN
from tests.faults.stage import CATCH_UP_SECONDS, Stage
from tests.faults.stumbling import STREAMS, StumblingSimulation
from tests.integration.harness import reasons
from tests.integration.waiting import until


@scenario("13", "quarantine", rebalances=4)
async def quarantine(stage: Stage) -> None:
    """The fold has a bug that two records find: each is named until it is quarantined, and all others are counted."""
    met: Counter[str] = Counter()
    told: list[str] = []
    async with stage.load(StumblingSimulation):
        while len(told) < 2 * len(STREAMS):
            place = await _stumbles(stage, told)
            met[place] += 1
            told += ["--quarantine", place] * (met[place] == 2)
        await stage.dies(stage.start(*told, die_at={"dead_letters_acked": 2}, without=["sound_fold"]))
        worker = await stage.worker(*told, without=["sound_fold"])
        await _passed(stage, met)
        await stage.until_more(BETWEEN)
        await stage.kill(worker)
        await stage.worker()
        await stage.until_more(BETWEEN)
    letters = await stage.topics.dead_letters()
    found = {f"{number}:{offset}" for (number, offset), one in letters.items() if reasons([one]) == ["quarantined"]}
    assert found == met.keys(), f"{found} are quarantined, {dict(met)} were met"


async def _passed(stage: Stage, places: Iterable[str]) -> None:
    """Return when those records are behind what is published: without the option, a sound fold would count them."""
    offsets = [tuple(map(int, place.split(":"))) for place in places]

    async def are_passed() -> bool:
        return all(stage.journal.positions[number] > offset for number, offset in offsets)

    await until(are_passed, f"{offsets} are passed", CATCH_UP_SECONDS)


async def _stumbles(stage: Stage, told: list[str]) -> str:
    """Start a worker with the bug; return the record that stops it, of which nothing may be committed."""
    worker = stage.start(*told, without=["sound_fold"])
    line = await worker.fail_stops()
    found = re.search(
        r"Poisoned: record (\d+):(\d+) makes the fold fail: ZeroDivisionError\('a bug'\); nothing of it was committed. "
        r"Look at it, and start with --quarantine \1:\2 to send it to the dead letters",
        line,
    )
    assert found, line
    assert "nothing lost, the state is kept at its last whole run" in line, line
    partition, offset = map(int, found.groups())
    assert stage.journal.positions[partition] <= offset, f"{stage.journal.positions} are published"
    return f"{partition}:{offset}"
