"""Taking over: the fence row has a place that is known, or it is no fence to read to. And taking the id again."""

from collections.abc import Sequence
from unittest.mock import patch

import pytest

from app.engine import takeover
from app.engine.changelog import FENCE_KEY
from app.engine.errors import Fenced
from app.engine.rows import Row, Rows
from app.engine.takeover import ChangelogPartition


class Producer:
    """Appends to nothing; `acks` are the offsets that it answers."""

    transactional_id = "app-0"

    def __init__(self, acks: list[int]) -> None:
        self.acks = acks
        self.rows: list[Row] = []
        self.starts = 0

    async def start(self) -> None:
        """It has its id."""
        self.starts += 1

    async def stop(self) -> None:
        """Nothing to close."""

    async def append(self, topic: str, partition: int, rows: Rows, now_ms: int) -> int:
        self.rows += rows
        return self.acks.pop(0)


class Reader:
    """Knows where the changelog ends."""

    def __init__(self, end: int) -> None:
        self.end = end

    async def end_offsets(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        return dict.fromkeys(partitions, self.end)


def log_of(producer: Producer, end: int = 0) -> ChangelogPartition:
    """Return partition 0 of a changelog that a reader finds to end there."""
    return ChangelogPartition("changelog", 0, lambda: producer, Reader(end))  # type: ignore[arg-type, return-value]


@pytest.mark.asyncio
async def test_a_fence_row_whose_ack_names_no_offset_is_followed_by_one_that_has_a_place() -> None:
    producer = Producer([-1, 8])
    assert await log_of(producer).fence() == 8
    assert producer.rows == [(FENCE_KEY, b"app-0")] * 2


@pytest.mark.asyncio
async def test_an_id_that_is_young_is_not_taken_again() -> None:
    producer = Producer([])
    assert await log_of(producer, end=9).renew_if_due(7) == 7
    assert producer.starts == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("acks", [[7], [-1, 8]], ids=["one fence row", "one more, since the first has no known place"])
async def test_an_old_id_is_taken_again_behind_the_last_run(acks: list[int]) -> None:
    producer = Producer(list(acks))
    with patch.object(takeover, "RENEW_SECONDS", 0):
        assert await log_of(producer, end=7).renew_if_due(7) == acks[-1] + 1
    assert producer.rows == [(FENCE_KEY, b"app-0")] * len(acks)


@pytest.mark.asyncio
async def test_who_slept_while_another_took_over_does_not_fence_it() -> None:
    producer = Producer([])
    with patch.object(takeover, "RENEW_SECONDS", 0), pytest.raises(Fenced, match="ends at 8 instead of 7"):
        await log_of(producer, end=8).renew_if_due(7)
    assert producer.starts == 0, "to take the id is to fence the owner"


@pytest.mark.asyncio
async def test_another_that_takes_over_at_that_very_moment_is_found_by_the_fence_row() -> None:
    with patch.object(takeover, "RENEW_SECONDS", 0), pytest.raises(Fenced, match="ends at 9 instead of 8"):
        await log_of(Producer([8]), end=7).renew_if_due(7)
