"""Where aiokafka reads a partition from, before the state has said it and when the log does not hold the position."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.consumer.fetcher import OffsetResetStrategy
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.structs import TopicPartition

from app.engine.consumer import never_reset

NEW, SOUGHT = TopicPartition("state-changelog", 0), TopicPartition("gifts.v1", 0)


class FakeFetcher:
    """Notes which partitions would have had to ask the group for a position."""

    _default_reset_strategy = OffsetResetStrategy.EARLIEST

    def __init__(self) -> None:
        self.asked: list[TopicPartition] = []

    async def _update_fetch_positions(self, assignment: Any, node_id: int, tps: Sequence[TopicPartition]) -> None:
        for tp in tps:
            state = assignment.state_value(tp)
            if not (state.has_valid_position or state.awaiting_reset):
                self.asked.append(tp)


@pytest.mark.asyncio
async def test_a_partition_that_nobody_has_sought_begins_where_its_log_does() -> None:
    """Whatever was sought for an earlier assignment, and whenever: two rebalances in a second must not end a worker."""
    fetcher, assignment = FakeFetcher(), Assignment({NEW, SOUGHT})
    never_reset(fetcher)
    assignment.state_value(SOUGHT).seek(7)
    await fetcher._update_fetch_positions(assignment, 1, [NEW, SOUGHT])
    assert fetcher.asked == []
    assert assignment.state_value(NEW).reset_strategy == OffsetResetStrategy.EARLIEST
    assert assignment.state_value(SOUGHT).position == 7


def test_a_position_outside_the_log_is_never_reset() -> None:
    fetcher = FakeFetcher()
    never_reset(fetcher)
    assert fetcher._default_reset_strategy == OffsetResetStrategy.NONE
