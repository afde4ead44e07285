"""Creating and checking topics on a real Kafka."""

from typing import Any

import pytest
from aiokafka.admin import NewTopic

from app.settings import Settings
from app.topics import admin, check, create
from app.topology import topology

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]


def settings_for(broker: Any, name: str) -> Settings:
    return Settings(broker=broker.bootstrap, app_id=name, topic_prefix=f"{name}.", partitions=2)


async def test_created_topics_pass_the_check_and_are_not_created_again(broker: Any) -> None:
    settings = settings_for(broker, "create-and-check")
    assert len(await check(settings)) == 8
    assert set(await create(settings)) == {topic.name for topic in topology(settings)}
    assert await check(settings) == []
    assert await create(settings) == []


async def test_only_what_is_missing_is_created_and_what_is_wrong_is_found(broker: Any) -> None:
    settings = settings_for(broker, "half-there")
    gifts = topology(settings).gifts.name
    async with admin(settings) as client:
        await client.create_topics([NewTopic(gifts, 3, 1)])
    assert gifts not in await create(settings)
    assert {(one.topic, one.setting, one.found) for one in await check(settings)} == {
        (gifts, "partitions", "3"),
        (gifts, "message.timestamp.type", "CreateTime"),
    }


async def test_checking_creates_nothing(broker: Any) -> None:
    settings = settings_for(broker, "look-only")
    await check(settings)
    assert len(await check(settings)) == 8
