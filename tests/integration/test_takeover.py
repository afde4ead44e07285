"""Kills under load, a second worker that comes and goes: nothing lost, nothing counted twice."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from app.load.answer import Answer
from app.load.options import LoadOptions
from tests.integration.harness import Pipeline, assert_exact, pipeline
from tests.integration.live_load import sending
from tests.integration.waiting import until
from tests.integration.worker_process import WorkerProcess

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

HISTORY_SECONDS = 20
RATE = 800
BEFORE_A_KILL = 2_000
"""So many more records are counted before each kill."""


def under_load(one: Pipeline) -> AbstractAsyncContextManager[Answer]:
    """Send some history, then live, until the body ends. The answer is complete then."""
    start_ms = int((time.time() - HISTORY_SECONDS) * 1000)
    return sending(one, LoadOptions(rate=RATE, streams=200, gifters=5_000, start_ms=start_ms, seconds=3_600))


async def until_more_is_counted(one: Pipeline) -> None:
    goal = await one.position() + BEFORE_A_KILL

    async def reached() -> bool:
        return await one.position() >= goal

    await until(reached, f"{goal} records are counted")


async def until_owned(owned: dict[WorkerProcess, int]) -> None:
    async def is_so() -> bool:
        return [await worker.owned() for worker in owned] == list(owned.values())

    await until(is_so, f"the workers own {list(owned.values())} partitions")


async def assert_equals(one: Pipeline, answer: Answer) -> None:
    """The ledger, the totals and all boards are those of the load."""
    await one.counted()
    ledger = await one.ledger()
    assert (ledger.counted, ledger.unchanged, ledger.duplicates, ledger.dead_lettered, ledger.late) == (
        answer.counted,
        answer.unchanged,
        answer.duplicates,
        answer.dead_lettered,
        answer.late,
    )
    assert {key: list(total) for key, total in (await one.totals()).items()} == answer.totals
    assert len(await one.dead_letters()) == answer.dead_lettered
    assert_exact(await one.audit())
    for topic in (one.topics.totals, one.topics.gifters, one.topics.streams):
        for key, history in (await one.history(topic.name)).items():
            revisions = [board["revision"] for board in history if board is not None]
            assert revisions == sorted(revisions), key


async def test_kills_under_load(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as one:
        async with under_load(one) as answer:
            for _ in range(2):
                worker = await one.worker()
                await until_more_is_counted(one)
                await worker.kill()
            assert await one.position() < answer.sent
        await one.worker()
        await assert_equals(one, answer)


async def test_partitions_move_to_a_second_worker_and_back(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as one:
        first = await one.worker()
        async with under_load(one) as answer:
            statuses = asyncio.create_task(_statuses_until_cancelled(first))
            await until_more_is_counted(one)
            second = await one.worker()
            await until_owned({first: 2, second: 2})
            await until_more_is_counted(one)
            assert await second.stop() == 0
            await until_owned({first: 4})
            await first.ready()
            statuses.cancel()
        assert await statuses == {200, 503}, "it is not ready while partitions move, and again afterwards"
        assert await first.status("livez") == 200
        await assert_equals(one, answer)


async def _statuses_until_cancelled(worker: WorkerProcess) -> set[int]:
    """Ask `/readyz` again and again; return every status there was."""
    found: set[int] = set()
    while True:
        try:
            found.add(await worker.status("readyz"))
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            return found
