"""SIGTERM: what is in hand is finished, the position is told, the group is left, and the exit code is 0."""

import asyncio
import os
import signal
import time
from typing import Any

import pytest
from aiokafka import TopicPartition

from app.broker.process import EmbeddedBroker
from app.topics import admin
from tests.builders import gift
from tests.integration.harness import Pipeline, assert_exact, pipeline
from tests.integration.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]


async def committed(one: Pipeline) -> int:
    """Return the sum of the offsets that the consumer group has committed."""
    async with admin(one.settings) as client:
        offsets = await client.list_consumer_group_offsets(one.settings.app_id)
    return sum(
        offset.offset
        for tp, offset in offsets.items()
        if isinstance(tp, TopicPartition) and tp.topic == one.settings.source_topic
    )


async def members(one: Pipeline) -> int:
    async with admin(one.settings) as client:
        (answer,) = await client.describe_consumer_groups([one.settings.app_id])
    return len(answer.groups[0][-1])


async def test_a_worker_that_is_stopped_under_load_has_told_everything_and_left(broker: Any) -> None:
    # A session so long that a member which has not left would keep its successor waiting for ever.
    async with pipeline(broker.bootstrap, session_timeout_seconds=300, heartbeat_seconds=3) as one:
        worker = await one.worker()
        stop = asyncio.Event()

        async def load() -> None:
            while not stop.is_set():
                await one.send(gift(stream=f"tiktok:{n}", at=int(time.time() * 1000)) for n in range(100))

        sending = asyncio.create_task(load())

        async def is_busy() -> bool:
            worker.check_alive()
            return await one.position() > 300

        await until(is_busy, "the worker counts")
        assert await worker.stop() == 0
        assert "Traceback" not in worker.said
        assert await committed(one) == await one.position()
        assert await members(one) == 0
        stop.set()
        await sending

        successor = await one.worker()
        await one.counted()
        assert_exact(await one.audit())
        assert await successor.stop() == 0
        assert await committed(one) == await one.position()


async def test_a_worker_whose_kafka_hangs_ends_before_it_would_be_killed_and_loses_nothing() -> None:
    with EmbeddedBroker() as hanging:
        async with pipeline(hanging.bootstrap) as one:
            worker = await one.worker()
            await one.send(gift(stream=f"tiktok:{n}", at=int(time.time() * 1000)) for n in range(5_000))
            os.kill(hanging.pid, signal.SIGSTOP)
            try:
                assert await worker.stop() == 3
            finally:
                os.kill(hanging.pid, signal.SIGCONT)
            assert "nothing lost" in worker.last_words
            assert "see whether its brokers answer" in worker.last_words
            await one.worker()
            await one.counted()
            assert_exact(await one.audit(state=True))
