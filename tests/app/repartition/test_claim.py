"""How far a repartition has come, as the cluster tells it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from app.engine import connecting
from app.errors import UsageError
from app.repartition import claim
from app.repartition.claim import Done
from app.settings import Settings

SETTINGS = Settings(app_id="giftstream-8", topic_prefix="eight.")
COMMITTED = claim.offsets({0: Done(70, 65), 1: Done(7, 7)}, "gifts.v1", "eight.gifts.v1")
NONE = dict.fromkeys(COMMITTED, OffsetAndMetadata(-1, ""))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[dict[TopicPartition, OffsetAndMetadata]]:
    """What the group's coordinator answers, one after the other."""
    left: list[dict[TopicPartition, OffsetAndMetadata]] = []

    class Client:
        async def list_consumer_group_offsets(self, group: str, **_: Any) -> dict[TopicPartition, OffsetAndMetadata]:
            assert group == "giftstream-8-repartition"
            return left.pop(0)

    @asynccontextmanager
    async def admin(_: Settings) -> AsyncIterator[Client]:
        yield Client()

    monkeypatch.setattr(claim, "admin", admin)
    monkeypatch.setattr(connecting, "PAUSE_SECONDS", 0.0)
    return left


@pytest.mark.asyncio
async def test_what_was_committed_is_read(answers: list[Any]) -> None:
    answers += [COMMITTED, NONE]
    assert await claim.read(SETTINGS, "gifts.v1", 2) == {0: Done(70, 65), 1: Done(7, 7)}
    assert await claim.read(SETTINGS, "gifts.v1", 2) == {}


@pytest.mark.asyncio
async def test_no_answer_of_a_coordinator_that_still_reads_its_log_is_not_taken_for_nothing(answers: list[Any]) -> None:
    answers += [{}, {}, COMMITTED]
    assert len(await claim.read(SETTINGS, "gifts.v1", 2)) == 2


@pytest.mark.asyncio
async def test_a_copy_into_another_topic_is_refused(answers: list[Any]) -> None:
    answers += [COMMITTED]
    with pytest.raises(UsageError, match=r"is for the copy of gifts\.v1 in eight\.gifts\.v1"):
        await claim.read(SETTINGS.model_copy(update={"topic_prefix": "nine."}), "gifts.v1", 2)
