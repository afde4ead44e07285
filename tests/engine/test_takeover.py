"""Taking over: the fence row has a place that is known, or it is no fence to read to."""

from collections.abc import Sequence

import pytest

from app.engine.changelog import FENCE_KEY, Row
from app.engine.takeover import ChangelogPartition


class Producer:
    """Appends to nothing; `acks` are the offsets that it answers."""

    transactional_id = "app-0"

    def __init__(self, acks: list[int]) -> None:
        self.acks = acks
        self.rows: list[Row] = []

    async def start(self) -> None:
        """It has its id."""

    async def append(self, topic: str, partition: int, rows: Sequence[Row], now_ms: int) -> int:
        self.rows += rows
        return self.acks.pop(0)


@pytest.mark.asyncio
async def test_a_fence_row_whose_ack_names_no_offset_is_followed_by_one_that_has_a_place() -> None:
    producer = Producer([-1, 8])
    log = ChangelogPartition("changelog", 0, lambda: producer)  # type: ignore[arg-type, return-value]
    assert await log.fence() == 8
    assert producer.rows == [(FENCE_KEY, b"app-0")] * 2
