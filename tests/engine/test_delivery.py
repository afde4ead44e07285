"""A delivery ends in the turn of the loop that it began in, if nothing keeps it."""

import asyncio
from typing import Any

import pytest
from mode.utils.locks import Event

from app.engine.delivery import Begun, PromptConsumer


class Consumer(PromptConsumer):
    """Only what a delivery needs."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.suspended = asyncio.Event()
        self._stopped, self._crashed = Event(), Event()

    async def deliver(self, delivery: Any) -> Any:
        return await self.wait_first(delivery, self.suspended.wait())


async def put(queue: "asyncio.Queue[int]", item: int) -> str:
    await asyncio.sleep(0) if queue.full() else None
    await queue.put(item)
    return "delivered"


@pytest.mark.asyncio
async def test_what_has_room_is_delivered_without_a_turn_of_the_loop() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(2)
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    assert (await Consumer().deliver(put(queue, 1))).results == ["delivered"]
    assert (queue.qsize(), turns) == (1, [])


@pytest.mark.asyncio
async def test_what_has_no_room_waits_for_it_in_order() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(1)
    consumer = Consumer()
    await consumer.deliver(put(queue, 1))
    second = asyncio.create_task(consumer.deliver(put(queue, 2)))
    await asyncio.sleep(0.01)
    assert not second.done()
    assert await queue.get() == 1
    assert (await second).results == ["delivered"]
    assert await queue.get() == 2


@pytest.mark.asyncio
async def test_a_suspended_flow_gives_up_a_delivery_that_waits() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(1)
    consumer = Consumer()
    await consumer.deliver(put(queue, 1))
    second = asyncio.create_task(consumer.deliver(put(queue, 2)))
    await asyncio.sleep(0.01)
    consumer.suspended.set()
    await second
    await asyncio.sleep(0)
    assert await queue.get() == 1
    await asyncio.sleep(0.01)
    assert queue.empty()


@pytest.mark.asyncio
async def test_to_wait_for_the_flow_to_be_resumed_is_no_delivery() -> None:
    consumer, resumed = Consumer(), Event()
    asyncio.get_running_loop().call_soon(resumed.set)
    assert not (await consumer.wait(resumed, timeout=5)).stopped
    assert resumed.is_set()


@pytest.mark.asyncio
async def test_a_pause_is_one_turn_of_the_loop_and_a_sleep_ends_with_the_service() -> None:
    consumer, turns = Consumer(), iter(range(9))
    pause = asyncio.create_task(consumer.sleep(0))
    while not pause.done():
        await asyncio.sleep(0)
        next(turns)
    assert next(turns) <= 3
    asyncio.get_running_loop().call_soon(consumer._stopped.set)
    await consumer.sleep(60)


@pytest.mark.asyncio
async def test_what_goes_wrong_is_raised_at_once_or_later() -> None:
    async def fail(later: bool) -> None:
        if later:
            await asyncio.sleep(0)
        raise KeyError

    with pytest.raises(KeyError):
        Begun(fail(False))
    with pytest.raises(KeyError):
        await Begun(fail(True))
