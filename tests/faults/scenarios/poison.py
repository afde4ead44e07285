"""Group 7: records that cannot be counted, in every place, in masses, and with nowhere to put them."""

import time

from app.connection import client_options
from app.engine.reader import LogReader
from app.load.options import Faults
from tests.corpus import hostile
from tests.faults.load import PlacedSimulation, load_options
from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN
from tests.faults.stage import Stage
from tests.integration.mixed_load import past_load, send_mixed

NONE_BAD = Faults(malformed=0.0, too_old=0.0)


async def read_with_two_deaths(stage: Stage) -> None:
    """What lies on the topic is read by a worker that dies twice over it."""
    await stage.dies(stage.start(die_at={"dead_letters_acked": 2}))
    await stage.dies(stage.start(die_at={"batch_folded": 3}))
    await stage.worker()


@scenario("7", "poison-in-batches", short=True, rebalances=2)
async def in_batches(stage: Stage) -> None:
    """Every known kind of bad record at the start, in the middle and at the end of a batch."""
    load = past_load(rate=40, streams=200, gifters=2_000, seed=stage.seed, faults=NONE_BAD)
    answer, placed = await send_mixed(stage.topics, load, hostile(int(time.time() * 1000)))
    assert not answer.dead_lettered, "then it would not be known where they lie"
    stage.answers.append(answer)
    stage.log.bad |= placed.keys()
    reader = LogReader(client_options(stage.settings))
    stage.log.ends.update(await reader.end_offsets(stage.settings.source_topic, range(stage.settings.partitions)))
    await read_with_two_deaths(stage)


@scenario("7", "poison-in-masses", rebalances=2)
async def in_masses(stage: Stage) -> None:
    """Thousands of bad records and nothing else, then three of ten, with deaths in both."""
    all_bad = load_options(seed=stage.seed, seconds=15, faults=Faults(malformed=1.0))
    await stage.whole_load(PlacedSimulation(all_bad, stage.log))
    async with stage.load(seed=stage.seed + 1, faults=Faults(malformed=0.3)):
        await read_with_two_deaths(stage)
        await stage.until_more(BETWEEN)


@scenario("7", "nowhere-for-dead-letters", short=True, rebalances=1, replays=False)
async def nowhere_for_dead_letters(stage: Stage) -> None:
    """The dead-letter topic refuses everything for a while: the worker stops and says so, and a later one goes on."""
    letters = stage.topics.topics.dead_letters
    async with stage.load(faults=Faults(malformed=0.05)):
        worker = await stage.worker()
        await stage.until_more(BETWEEN)
        await stage.topics.alter(letters, max__message__bytes="1")
        line = await worker.fail_stops()
        assert "the broker refused a batch: MessageSizeTooLargeError" in line, line
        await stage.topics.alter(letters)
        await stage.worker()
        await stage.until_more(BETWEEN)
