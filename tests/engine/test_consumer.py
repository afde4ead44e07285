"""What the consumer says of the end of a log, as often as it is asked."""

from types import SimpleNamespace

import pytest
from aiokafka.structs import TopicPartition
from faust.types import TP

from app.engine.consumer import RunThread

SOURCE = TopicPartition("words", 0)


class Thread(RunThread):
    """A consumer thread whose last run ended at 21, and whose fetch has passed a marker there."""

    def __init__(self) -> None:
        self._covered = {SOURCE: 21}

    def _ensure_consumer(self) -> SimpleNamespace:
        state = SimpleNamespace(position=22, has_valid_position=True)
        assignment = SimpleNamespace(tps={SOURCE}, state_value=lambda tp: state)
        subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
        return SimpleNamespace(_subscription=subscription, last_stable_offset=lambda tp: 22)


@pytest.mark.asyncio
async def test_what_lies_behind_the_last_run_is_told_until_it_is_passed_over() -> None:
    """The first time the run may still wait for its agent; nothing may be passed over before it is folded."""
    thread = Thread()
    for _ in range(2):
        assert await thread._ends() == {TP("words", 0): (21, 22, 22)}
