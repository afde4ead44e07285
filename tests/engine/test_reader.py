"""What the reader makes of a broker that takes its time."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from app.engine.reader import LogReader

pytestmark = pytest.mark.asyncio

TP = TopicPartition("words", 0)
NOTHING_YET: list[int] = []


class SlowConsumer:
    """Gives these offsets, one list a call. An empty one at the end is passed over: nothing to be read is there."""

    def __init__(self, *answers: list[int]) -> None:
        self._answers = list(answers)
        self._position = 0

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self._position = offset

    async def position(self, tp: TopicPartition) -> int:
        return self._position

    async def getmany(self, *tps: TopicPartition, **options: Any) -> dict[TopicPartition, list[SimpleNamespace]]:
        offsets = self._answers.pop(0)
        if offsets or not self._answers:
            self._position = offsets[-1] + 1 if offsets else self._position + 1
        return {TP: [SimpleNamespace(offset=offset) for offset in offsets]} if offsets else {}


class SlowReader(LogReader):
    def __init__(self, *answers: list[int]) -> None:
        self._slow = SlowConsumer(*answers)

    @asynccontextmanager
    async def _consumer(self, assigned: Sequence[TopicPartition] = (), **options: Any) -> AsyncIterator[Any]:
        yield self._slow


async def test_a_record_that_comes_late_is_there() -> None:
    reader = SlowReader(*[NOTHING_YET] * 20, [7])
    found = await reader.record_at(TP.topic, TP.partition, 7)
    assert found is not None
    assert found.offset == 7


async def test_a_record_is_not_there_when_a_later_one_comes() -> None:
    assert await SlowReader(NOTHING_YET, [9]).record_at(TP.topic, TP.partition, 7) is None


async def test_a_record_is_not_there_when_its_place_was_passed() -> None:
    assert await SlowReader(NOTHING_YET, []).record_at(TP.topic, TP.partition, 7) is None
