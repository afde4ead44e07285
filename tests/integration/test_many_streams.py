"""Many small streams: every one has its boards, and the worker stays small."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.load.sender import make_producer
from tests.builders import as_json, gift
from tests.integration.harness import Pipeline, assert_exact, pipeline

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

STREAMS = 50_000
AT_ONCE = 500
"""So many streams are live at the same time."""

GIFTS = 3
VALUE = 5
GIB = 1024 * 1024 * 1024


def gifts(end_ms: int) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each gift, one a millisecond, the last at `end_ms`."""
    at = end_ms - GIFTS * STREAMS
    for first in range(0, STREAMS, AT_ONCE):
        for turn in range(GIFTS):
            for number in range(first, first + AT_ONCE):
                at += 1
                stream = f"tiktok:s{number}"
                yield stream.encode(), as_json(gift(stream=stream, sender=f"u{number + turn}", value=VALUE, at=at))


async def send(one: Pipeline) -> None:
    async with make_producer(one.settings.broker, linger_ms=50) as producer:
        for key, value in gifts(int(time.time() * 1000)):
            await producer.send(one.settings.source_topic, value, key)
        await producer.flush()


async def test_fifty_thousand_streams_in_less_than_a_gibibyte(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as one:
        await send(one)
        worker = await one.worker()
        await one.counted(seconds=180)

        assert (await one.ledger()).counted == GIFTS * STREAMS
        totals = await one.totals()
        assert len(totals) == STREAMS
        assert set(totals.values()) == {(GIFTS * VALUE, GIFTS)}
        assert_exact(await one.audit())
        assert worker.resident_bytes < GIB
