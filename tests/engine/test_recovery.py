"""The takeover under way in rebalances that overtake each other, and what it demands of the assignment."""

import asyncio

import pytest
from faust.types import TP

from app.engine.errors import SourceChanged
from app.engine.recovery import Move, demand_source

ASSIGNED = {TP("words", 0), TP("words", 1), TP("changelog", 0), TP("changelog", 1), TP("changelog", 2)}


class Takeover:
    """Goes on when it is told to, and says how it ended."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.said: list[str] = []

    async def __call__(self) -> None:
        self.said.append("begun")
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            self.said.append("undone")
            raise
        self.said.append("done")


async def some_steps() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_a_takeover_that_nobody_disturbs_ends() -> None:
    takeover = Takeover()
    takeover.go_on.set()
    await Move().run(takeover)
    assert takeover.said == ["begun", "done"]


@pytest.mark.asyncio
async def test_a_revocation_waits_until_the_takeover_is_undone_and_nothing_goes_on_from_there() -> None:
    move, takeover = Move(), Takeover()
    running = asyncio.create_task(move.run(takeover))
    await some_steps()
    await move.abort()
    assert takeover.said == ["begun", "undone"]
    await some_steps()
    assert not running.done(), "what follows a takeover would take it for complete"
    running.cancel()


@pytest.mark.asyncio
async def test_no_takeover_begins_between_a_revocation_and_the_next_assignment() -> None:
    move, late, next_one = Move(), Takeover(), Takeover()
    await move.abort()
    running = asyncio.create_task(move.run(late))
    await some_steps()
    assert late.said == []
    running.cancel()
    move.permit()
    next_one.go_on.set()
    await move.run(next_one)
    assert next_one.said == ["begun", "done"]


@pytest.mark.asyncio
async def test_another_rebalance_cancels_the_takeover_as_well() -> None:
    move, takeover = Move(), Takeover()
    running = asyncio.create_task(move.run(takeover))
    await some_steps()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert takeover.said == ["begun", "undone"]


@pytest.mark.asyncio
async def test_a_takeover_that_fails_says_so() -> None:
    async def failing() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await Move().run(failing)


def test_a_changelog_may_come_with_its_source() -> None:
    demand_source("words", {0, 1}, ASSIGNED)


def test_a_source_that_is_gone_is_refused_with_the_way_out() -> None:
    with pytest.raises(SourceChanged, match=r"words has no partitions \[2\] any more: .* restore it, or start with"):
        demand_source("words", {0, 1, 2}, ASSIGNED)
