"""Items of a blocking source reach the event loop as they come."""

import asyncio
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from app.adapters.arriving import AHEAD, arriving


async def collected(items: Iterator[int]) -> list[int]:
    return [item async for item in arriving(items)]


def test_all_come_in_order() -> None:
    many = 3 * AHEAD

    assert asyncio.run(collected(iter(range(many)))) == list(range(many))


def test_an_item_comes_before_the_next_is_there() -> None:
    source: SimpleQueue[int | None] = SimpleQueue()

    async def run() -> list[int]:
        taken = []
        source.put(1)
        async for item in arriving(iter(source.get, None)):
            assert item is not None
            taken.append(item)
            source.put(item + 1 if item < 3 else None)
        return taken

    assert asyncio.run(run()) == [1, 2, 3]


def test_what_the_source_raises_is_raised() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        asyncio.run(collected(broken()))


def test_a_source_that_never_ends_does_not_hold_up_the_end() -> None:
    source: SimpleQueue[int | None] = SimpleQueue()

    async def run() -> int:
        source.put(7)
        async for item in arriving(iter(source.get, None)):
            return item or 0
        return 0

    assert asyncio.run(run()) == 7
    source.put(None)
