"""Fetches from one broker begin so far apart; one that waited for records waits no more."""

import asyncio
import time
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from app.engine.pace import pace

PACE = 0.05


class Fetcher(SimpleNamespace):
    """Answers after a while, and notes when it was asked."""

    def __init__(self, answers_after: float = 0.0) -> None:
        super().__init__(asked=[], answered=[], _proc_fetch_request=self._answer)
        self._answers_after = answers_after
        pace(self, PACE)

    async def _answer(self, assignment: Any, node_id: int, request: Any) -> bool:
        self.asked.append((node_id, time.monotonic(), assignment, request))
        await asyncio.sleep(self._answers_after)
        self.answered.append(time.monotonic())
        return True

    async def fetch(self, node_id: int = 1) -> bool:
        found: bool = await self._proc_fetch_request("assignment", node_id, "request")
        return found

    def gaps(self) -> list[float]:
        times = [at for _, at, *_ in self.asked]
        return [after - before for before, after in pairwise(times)]


@pytest.mark.asyncio
async def test_a_fetch_begins_no_sooner_than_so_long_after_the_one_before() -> None:
    fetcher = Fetcher()
    assert all([await fetcher.fetch() for _ in range(3)])
    assert all(gap >= PACE * 0.9 for gap in fetcher.gaps())
    assert [(assignment, request) for _, _, assignment, request in fetcher.asked] == [("assignment", "request")] * 3


@pytest.mark.asyncio
async def test_one_that_waited_for_records_is_late_enough() -> None:
    fetcher = Fetcher(answers_after=PACE)
    await fetcher.fetch()
    await fetcher.fetch()
    assert fetcher.asked[1][1] - fetcher.answered[0] < PACE / 2


@pytest.mark.asyncio
async def test_brokers_do_not_wait_for_each_other() -> None:
    fetcher = Fetcher()
    begun = time.monotonic()
    await fetcher.fetch(1)
    await fetcher.fetch(2)
    assert time.monotonic() - begun < PACE / 2


@pytest.mark.asyncio
async def test_a_fetch_that_is_cancelled_while_it_waits_brings_nothing() -> None:
    fetcher = Fetcher()
    await fetcher.fetch()
    waiting = asyncio.create_task(fetcher.fetch())
    await asyncio.sleep(0)
    waiting.cancel()
    assert await waiting is False
    assert len(fetcher.asked) == 1
