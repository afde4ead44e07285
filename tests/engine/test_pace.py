"""Fetches from one broker begin so far apart; one that waited for records waits no more."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from app.engine import pace as module
from app.engine.pace import pace

PACE = 0.05
LONG = 60.0


class Time:
    """A driven clock: to sleep is to let it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(module, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


class Fetcher:
    """Answers after a while, and notes when it was asked."""

    def __init__(self, time: Time, answers_after: float = 0.0) -> None:
        self.asked: list[tuple[int, float, Any, Any]] = []
        self._proc_fetch_request = self._answer
        self._time, self._answers_after = time, answers_after
        pace(self, PACE)

    async def _answer(self, assignment: Any, node_id: int, request: Any) -> bool:
        self.asked.append((node_id, self._time.now, assignment, request))
        self._time.now += self._answers_after
        return True

    async def fetch(self, node_id: int = 1) -> bool:
        return await self._proc_fetch_request("assignment", node_id, "request")

    def gaps(self) -> list[float]:
        times = [at for _, at, *_ in self.asked]
        return [after - before for before, after in pairwise(times)]


@pytest.mark.asyncio
async def test_a_fetch_begins_no_sooner_than_so_long_after_the_one_before(time: Time) -> None:
    fetcher = Fetcher(time)
    assert all([await fetcher.fetch() for _ in range(3)])
    assert fetcher.gaps() == pytest.approx([PACE, PACE])
    assert [(assignment, request) for _, _, assignment, request in fetcher.asked] == [("assignment", "request")] * 3


@pytest.mark.asyncio
async def test_one_that_waited_for_records_is_late_enough(time: Time) -> None:
    fetcher = Fetcher(time, answers_after=2 * PACE)
    await fetcher.fetch()
    await fetcher.fetch()
    assert fetcher.gaps() == pytest.approx([2 * PACE])


@pytest.mark.asyncio
async def test_brokers_do_not_wait_for_each_other(time: Time) -> None:
    fetcher = Fetcher(time)
    await fetcher.fetch(1)
    await fetcher.fetch(2)
    assert fetcher.gaps() == [0.0]


@pytest.mark.asyncio
async def test_a_fetch_that_is_cancelled_while_it_waits_brings_nothing(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetcher = Fetcher(time)
    await fetcher.fetch()
    monkeypatch.setattr(module, "sleep", lambda seconds: asyncio.sleep(LONG))
    waiting = asyncio.create_task(fetcher.fetch())
    await asyncio.sleep(0)
    waiting.cancel()
    assert await waiting is False
    assert len(fetcher.asked) == 1
