"""The loop: time is driven, a seed picks who goes on, a process can stand still and die."""

import asyncio
from contextvars import copy_context
from random import Random
from typing import Any

import pytest

from tests.agents.fake_kafka import Time
from tests.faults.simulation.loop import PROCESS, NeverEnds, VirtualLoop


def loop_of(seed: int = 1, in_order: bool = False) -> VirtualLoop:
    return VirtualLoop(Random(seed), Time(1_000), in_order)


async def _order() -> list[int]:
    order: list[int] = []

    async def step(number: int) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*map(step, range(4)))
    return order


def test_time_passes_only_when_nothing_is_left_to_do() -> None:
    clock = Time(1_000)
    loop = VirtualLoop(Random(1), clock, in_order=True)
    loop.run(asyncio.sleep(3_600))
    assert clock.ms == 3_601_000


def test_a_seed_is_one_order_and_another_seed_another() -> None:
    assert loop_of(1).run(_order()) == loop_of(1).run(_order())
    assert loop_of(1).run(_order()) != loop_of(2).run(_order())


def test_in_order_is_the_order_of_asyncio() -> None:
    assert loop_of(in_order=True).run(_order()) == asyncio.run(_order()) == [0, 1, 2, 3] * 3


def test_who_waits_for_what_never_comes_is_found() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    loop = loop_of()
    with pytest.raises(NeverEnds):
        loop.run(wait())
    loop.end()


class Sleeper:
    """A process that counts its steps."""

    def __init__(self) -> None:
        self.paused = True
        self.steps = 0

    def born(self, task: "asyncio.Task[Any]") -> None:
        """It has one task."""

    def about_to_step(self) -> None:
        self.steps += 1


def test_a_process_that_stands_still_takes_no_step() -> None:
    sleeper, context, loop = Sleeper(), copy_context(), loop_of()
    context.run(PROCESS.set, sleeper)

    async def main() -> None:
        task = loop.create_task(asyncio.sleep(1), context=context)
        await asyncio.sleep(10)
        assert sleeper.steps == 0
        sleeper.paused = False
        await task

    loop.run(main())
    assert sleeper.steps > 0
