"""Catching up, letting workers begin, and ending when the old log is silent: with a copier that has nothing to do."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.errors import FailStop
from app.repartition import run
from app.repartition.claim import Done
from app.repartition.told import CaughtUp, Ended, Event
from app.settings import Settings
from app.topics_compare import Described

pytestmark = pytest.mark.asyncio

SETTINGS = Settings(topic_prefix="two.", partitions=2)


class Stage:
    """The old log has one partition, of which all is copied that is committed: 5 records."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.opened = False
        self.partitions = 1
        self.kept = [5]
        """What the broker says of the end of the old log, open transactions included, one answer after the other."""

    async def ends(self) -> dict[int, int]:
        return {0: 5}

    def demand(self, partitions: int) -> None:
        if partitions != 1:
            raise FailStop("more")

    def behind(self, ends: Mapping[int, int]) -> bool:
        return False

    def positions(self) -> dict[int, int]:
        return {0: 5}

    async def copy_to(self, ends: Mapping[int, int], after_each: Callable[[], None]) -> None:
        after_each()

    async def run(self, *, stopped: bool = False) -> Ended:
        stopping = asyncio.get_running_loop().create_future()
        if stopped:
            stopping.set_result(None)
        copier: Any = self
        copier.done, copier.alone = {0: Done(5, 5)}, None
        one = run.Repartition(SETTINGS, "gifts.v1", copier, {0: 0}, stopping, self.told.append)
        return await one.run(until_silent=0)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    one = Stage()

    async def described(*_: Any) -> Described:
        return Described(one.partitions, {})

    async def opened(_: Settings) -> None:
        one.opened = True

    class Reader:
        def __init__(self, _: Any) -> None: ...

        async def end_offsets(self, *_: Any) -> dict[int, int]:
            return {0: one.kept.pop(0) if len(one.kept) > 1 else one.kept[0]}

    monkeypatch.setattr(run, "described", described)
    monkeypatch.setattr(run, "open_to_workers", opened)
    monkeypatch.setattr(run, "LogReader", Reader)
    monkeypatch.setattr(run, "POLL_SECONDS", 0.0)
    return one


async def test_workers_may_begin_when_it_has_caught_up_and_it_ends_when_nothing_comes(stage: Stage) -> None:
    assert await stage.run() == Ended("gifts.v1", "two.gifts.v1", 5, 0, True)
    assert stage.opened
    assert [type(event) for event in stage.told][-1] is CaughtUp


async def test_stopped_before_no_worker_may_begin(stage: Stage) -> None:
    stage.kept = [9]
    assert await stage.run(stopped=True) == Ended("gifts.v1", "two.gifts.v1", 5, 4, False)
    assert not stage.opened


async def test_it_does_not_end_while_a_transaction_is_open_in_the_old_log(stage: Stage) -> None:
    stage.kept = [8, 8, 5]
    assert (await stage.run()).left == 0
    assert stage.kept == [5]


async def test_new_partitions_of_the_old_log_end_it(stage: Stage) -> None:
    stage.partitions = 2
    with pytest.raises(FailStop, match="more"):
        await stage.run()
