"""Boards of a stream that has gone quiet: final by the watermark, then a tombstone when their retention is over."""

import time
from itertools import groupby
from typing import Any

import pytest

from tests.builders import STREAM, gift
from tests.integration.harness import Pipeline, assert_exact, pipeline
from tests.integration.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
OTHER = "tiktok:s2"
BEGIN_MS = (int(time.time() * 1000) // DAY_MS - 12) * DAY_MS
"""Midnight; so long ago that the retention of every board is over by now."""

Told = list[str]
"""What a board was, one after the other: running, final, gone."""


async def told(one: Pipeline, topic: str, owner: str) -> dict[str, Told]:
    """Return what a topic tells of one owner's boards that began at BEGIN_MS, by window."""
    found = {}
    for key, history in (await one.history(topic)).items():
        of, _, window, start_ms = key.split("|")
        if of == owner and int(start_ms) in (BEGIN_MS, 0):
            found[window] = [state for state, _ in groupby(map(_state, history))]
    return found


def _state(board: dict[str, Any] | None) -> str:
    if board is None:
        return "gone"
    return "final" if board["is_final"] else "running"


async def test_a_quiet_streams_boards_become_final_and_then_go(broker: Any) -> None:
    """One partition: the gift of another stream moves the watermark that closes the boards of the first."""
    async with pipeline(broker.bootstrap, partitions=1) as one:
        topics = [one.topics.totals.name, one.topics.gifters.name]
        await one.worker()

        await one.send([gift(at=BEGIN_MS, region="DE")])
        await one.counted()
        for topic in topics:
            assert await told(one, topic, STREAM) == {key: ["running"] for key in ("1m", "1h", "1d", "stream")}
        await until_merged(one, {key: ["running"] for key in ("1m", "1h", "1d")})

        await one.send([gift(stream=OTHER, at=BEGIN_MS + 11 * MINUTE_MS)])
        await one.counted()
        expected = {"1m": ["final"], "stream": ["final"], "1h": [], "1d": []}
        for topic in topics:
            assert await told(one, topic, STREAM) == {window: ["running", *end] for window, end in expected.items()}
        await until_merged(one, {"1m": ["running", "final"], "1h": ["running"], "1d": ["running"]})

        await one.send([gift(at=BEGIN_MS + 11 * MINUTE_MS)])
        await one.counted()
        for topic in topics:
            assert (await told(one, topic, STREAM))["stream"] == ["running", "final", "running"]

        await one.send([gift(stream=OTHER, at=BEGIN_MS + 12 * DAY_MS)])
        await one.counted()
        for topic in topics:

            async def are_gone(topic: str = topic) -> bool:
                return all(states[-2:] == ["final", "gone"] for states in (await told(one, topic, STREAM)).values())

            await until(are_gone, f"every board of {STREAM} in {topic} is final, and then gone", seconds=20)
        await until_merged(one, {key: ["running", "final", "gone"] for key in ("1m", "1h", "1d")})
        assert_exact(await one.audit())


async def until_merged(one: Pipeline, expected: dict[str, Told]) -> None:
    """Return when the boards of the region say so: only the first stream's first gift came from there."""

    async def say_so() -> bool:
        return await told(one, one.topics.streams.name, "region:DE") == expected

    await until(say_so, f"the region's boards say {expected}", seconds=20)
