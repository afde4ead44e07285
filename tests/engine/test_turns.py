"""Few partitions of a worker flush at a time; none waits for long."""

import asyncio

import pytest

from app.engine.turns import Turns
from tests.engine.fake_log import Broker, recover, run_of
from tests.engine.toy import Word

LONG = 60.0


class Flush:
    """Takes a turn, and keeps it until it is told to end."""

    def __init__(self, turns: Turns) -> None:
        self.begun, self.end = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._run(turns))

    async def _run(self, turns: Turns) -> None:
        async with turns.turn():
            self.begun.set()
            await self.end.wait()

    async def finish(self) -> None:
        self.end.set()
        await self.task


@pytest.mark.asyncio
async def test_a_turn_is_taken_when_one_is_given_back_in_the_order_of_asking() -> None:
    turns = Turns(2, LONG)
    flushes = [Flush(turns) for _ in range(4)]
    await asyncio.sleep(0.01)
    assert [flush.begun.is_set() for flush in flushes] == [True, True, False, False]
    await flushes[1].finish()
    await flushes[2].begun.wait()
    assert not flushes[3].begun.is_set()
    await flushes[0].finish()
    await flushes[3].begun.wait()
    await asyncio.gather(flushes[2].finish(), flushes[3].finish())


@pytest.mark.asyncio
async def test_who_has_waited_long_enough_goes_on_and_leaves_no_turn_too_many() -> None:
    turns = Turns(1, 0.01)
    slow, impatient = Flush(turns), Flush(turns)
    await impatient.begun.wait()
    assert not slow.task.done()
    await impatient.finish()
    await slow.finish()
    patient = Turns(1, LONG)
    patient._free = turns._free
    first, second = Flush(patient), Flush(patient)
    await asyncio.sleep(0.01)
    assert [first.begun.is_set(), second.begun.is_set()] == [True, False]
    await asyncio.gather(first.finish(), second.finish())


@pytest.mark.asyncio
async def test_a_turn_is_given_back_when_the_flush_fails() -> None:
    turns = Turns(1, LONG)
    for _ in range(2):
        with pytest.raises(ValueError, match="refused"):
            async with turns.turn():
                raise ValueError("refused")


@pytest.mark.asyncio
async def test_what_is_counted_while_a_partition_waits_for_its_turn_is_in_its_run() -> None:
    broker = Broker()
    partition, _ = recover(broker)
    partition._turns = turns = Turns(1, LONG)
    other = Flush(turns)
    await other.begun.wait()
    await partition.fold(run_of([Word(0, b"a")]))
    flush = asyncio.create_task(partition.flush())
    await asyncio.sleep(0.01)
    assert broker.batches == []
    await partition.fold(run_of([Word(1, b"b")]))
    await asyncio.gather(other.finish(), flush)
    assert broker.batches == [3]
    assert partition.committed == 2
