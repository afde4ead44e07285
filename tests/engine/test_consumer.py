"""What the consumer says of the end of a log, as often as it is asked."""

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition
from faust.types import TP

from app.engine.consumer import RunThread

SOURCE = TopicPartition("words", 0)


class Thread(RunThread):
    """A consumer thread whose last run ended at 21, and whose fetch has passed a marker there."""

    def __init__(self, assigned: Collection[TP] = ()) -> None:
        self._covered = {SOURCE: 21}
        self._assigned = set(assigned)
        self.tp_last_committed_at: dict[TP, float] = {}
        self.committed: list[dict[TopicPartition, Any]] = []

    def assignment(self) -> set[TP]:
        return self._assigned

    async def _keep(self, offsets: dict[TopicPartition, Any]) -> None:
        self.committed.append(offsets)

    def _ensure_consumer(self) -> SimpleNamespace:
        state = SimpleNamespace(position=22, has_valid_position=True)
        assignment = SimpleNamespace(tps={SOURCE}, state_value=lambda tp: state)
        subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
        return SimpleNamespace(_subscription=subscription, last_stable_offset=lambda tp: 22, commit=self._keep)


@pytest.mark.asyncio
async def test_what_lies_behind_the_last_run_is_told_until_it_is_passed_over() -> None:
    """The first time the run may still wait for its agent; nothing may be passed over before it is folded."""
    thread = Thread()
    for _ in range(2):
        assert await thread._ends() == {TP("words", 0): (21, 22, 22)}


@pytest.mark.asyncio
async def test_only_what_is_still_assigned_is_reported() -> None:
    thread = Thread([TP("words", 0)])
    assert await thread._commit({TP("words", 0): 7, TP("words", 1): 8})
    assert [set(offsets) for offsets in thread.committed] == [{SOURCE}]


@pytest.mark.asyncio
async def test_a_report_is_nothing_when_all_was_taken_away_meanwhile() -> None:
    thread = Thread()
    assert await thread._commit({TP("words", 0): 7})
    assert thread.committed == []
