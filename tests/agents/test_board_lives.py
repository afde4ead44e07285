"""A board from its first gift to its tombstone, by driven event time and wall clock."""

import json
from typing import Any, Final

import pytest

from agents.domain.rules import Rules
from app.engine.partition import FlushOptions
from tests.agents.in_process import NAMES, TOPICS, Pipeline
from tests.agents.scenario import DAY, HOUR, MINUTE, SECOND
from tests.builders import AT, STREAM, as_json, gift

IDLE: Final = FlushOptions().idle_ms
STARTS: Final = {"1m": AT, "1h": AT, "1d": AT - 9 * HOUR, "stream": 0}
ALL: Final = {"1m", "1h", "1d", "stream"}


def pipeline() -> Pipeline:
    """One partition, so that one watermark decides."""
    return Pipeline(AT, Rules(partitions=1, partitioner="any"))


async def give(to: Pipeline, stream: str = STREAM, after: int = 0, append_after: int | None = None) -> None:
    """Send a gift with these event and append times, in ms after AT, and publish what follows."""
    to.time.ms = AT + (after if append_after is None else append_after)
    to.send(0, stream.encode(), as_json(gift(stream, at=AT + after)))
    await to.drain()


async def wait(on: Pipeline, after: int) -> None:
    """Let the wall clock go on, with nothing coming, to `after` ms after AT."""
    on.time.ms = AT + after
    await on.drain()


def boards(of: Pipeline, topic: str = TOPICS.totals, owner: str = STREAM) -> dict[str, dict[str, Any]]:
    """Return the boards of AT's windows that a subscriber sees, by window."""
    seen = of.latest(topic)
    keys = {window: f"{owner}|coin|{window}|{start}" for window, start in STARTS.items()}
    return {window: json.loads(seen[key]) for window, key in keys.items() if key in seen}


def final(of: Pipeline, topic: str = TOPICS.totals, owner: str = STREAM) -> set[str]:
    return {window for window, board in boards(of, topic, owner).items() if board["is_final"]}


def assert_exact(of: Pipeline) -> None:
    report = of.audit()
    assert report.findings == []
    assert report.checked > 0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("after", "closed"),
    [
        (MINUTE + 30 * SECOND - 1, set()),
        (MINUTE + 30 * SECOND, {"1m"}),
        (10 * MINUTE, {"1m", "stream"}),
        (70 * MINUTE - 1, {"1m", "stream"}),
        (70 * MINUTE, {"1m", "1h", "stream"}),
        (15 * HOUR + 10 * MINUTE, ALL),
    ],
)
async def test_boards_are_final_once_the_watermark_has_passed(after: int, closed: set[str]) -> None:
    made = pipeline()
    await give(made)
    await give(made, "tiktok:other", after)
    remaining = closed - ({"1m"} if after > 61 * MINUTE else set())
    assert final(made) == final(made, TOPICS.gifters) == remaining
    assert final(made, TOPICS.streams, "global") == remaining - {"stream"}
    assert_exact(made)


@pytest.mark.asyncio
async def test_an_idle_partition_is_final_by_wall_clock_and_an_in_time_gift_opens_it_again() -> None:
    made = pipeline()
    await give(made)
    await wait(made, MINUTE + IDLE)
    assert final(made) == final(made, TOPICS.gifters) == {"1m"}
    await wait(made, MINUTE + 2 * IDLE)
    assert final(made, TOPICS.streams, "global") == {"1m"}
    closed = boards(made)["1m"]
    await give(made, after=30 * SECOND, append_after=3 * MINUTE)
    opened = boards(made)["1m"]
    assert (opened["sends"], opened["is_final"]) == (2, False)
    assert opened["revision"] > closed["revision"]
    assert not boards(made, TOPICS.streams, "global")["1m"]["is_final"]
    await wait(made, 3 * MINUTE + IDLE)
    assert boards(made)["1m"] == opened | {"is_final": True, "revision": opened["revision"] + 1}
    assert final(made, TOPICS.streams, "global") == {"1m"}
    assert_exact(made)


@pytest.mark.asyncio
async def test_the_merged_board_waits_for_a_busy_partition_and_not_for_an_idle_one() -> None:
    made = Pipeline(AT, Rules(partitions=2, partitioner="any"))
    await give(made)
    await wait(made, MINUTE + 2 * IDLE)
    assert final(made, TOPICS.streams, "global") == {"1m"}
    made.send(1, b"tiktok:s2", as_json(gift("tiktok:s2", at=AT + 1)))
    await made.drain()
    assert boards(made, TOPICS.streams, "global")["1m"]["totals"]["sends"] == 2
    assert final(made, TOPICS.streams, "global") == set()
    await wait(made, 2 * MINUTE + 2 * IDLE)
    assert final(made, TOPICS.streams, "global") == {"1m"}
    assert_exact(made)


@pytest.mark.asyncio
async def test_no_board_is_final_by_wall_clock_while_records_are_waiting() -> None:
    made = pipeline()
    await give(made)
    made.time.ms = AT + HOUR
    for _ in range(3):
        made.send(0, STREAM.encode(), as_json(gift(at=AT + 1)))
    await made.step(limit=1)
    assert final(made) == set()


@pytest.mark.asyncio
@pytest.mark.parametrize("seen", [True, False])
async def test_boards_get_their_tombstones_after_their_retention(seen: bool) -> None:
    """By event time, whatever the append times are; also when final value and tombstone are due together."""
    made = pipeline()
    await give(made)
    if seen:
        await give(made, "tiktok:other", 20 * HOUR)
    for after, left in [
        (20 * HOUR, {"1h", "1d", "stream"}),
        (2 * DAY + HOUR, {"1h", "1d", "stream"}),
        (2 * DAY + HOUR + 1, {"1d", "stream"}),
        (8 * DAY, {"1d", "stream"}),
        (8 * DAY + 1, {"1d"}),
        (8 * DAY + 15 * HOUR, {"1d"}),
        (8 * DAY + 15 * HOUR + 1, set()),
    ]:
        await give(made, "tiktok:other", after)
        assert set(boards(made)) == set(boards(made, TOPICS.gifters)) == left
        assert set(boards(made, TOPICS.streams, "global")) == left - {"stream"}
        assert_exact(made)


@pytest.mark.asyncio
async def test_a_tombstone_is_the_last_record_of_its_key_and_comes_after_the_final_value() -> None:
    made = pipeline()
    await give(made)
    await give(made, "tiktok:other", 9 * DAY)
    for topic in NAMES.boards.values():
        told: dict[bytes | None, list[bytes | None]] = {}
        for _, record in made.records(topic):
            told.setdefault(record.key, []).append(record.value)
        ended = [values for values in told.values() if None in values]
        assert len(ended) == (3 if topic == TOPICS.streams else 4)
        for values in ended:
            assert values.index(None) == len(values) - 1
            assert json.loads(values[-2] or b"")["is_final"]


@pytest.mark.asyncio
async def test_a_stream_given_to_again_after_its_retention_begins_anew() -> None:
    """Also when watermark and gift come in one run, and its tombstone had no chance to go out between them."""
    apart, together = pipeline(), pipeline()
    for made in (apart, together):
        await give(made)
    await give(apart, "tiktok:other", 9 * DAY)
    together.time.ms = AT + 9 * DAY
    together.send(0, b"tiktok:other", as_json(gift("tiktok:other", at=AT + 9 * DAY)))
    for made in (apart, together):
        await give(made, after=9 * DAY)
        assert boards(made)["stream"]["sends"] == 1
        assert_exact(made)


@pytest.mark.asyncio
async def test_a_worker_that_dies_says_what_is_left_to_say_when_it_is_back() -> None:
    """Days pass between the crash and the takeover, and boards that were open then are final and gone now."""
    made = pipeline()
    await give(made)
    made.send(0, STREAM.encode(), as_json(gift(at=AT + 1)))
    made.kafka.kill_at(2, keeps=False)
    await made.step()
    assert made.deaths == 1
    made.time.ms = AT + 9 * DAY
    made.send(0, b"tiktok:other", as_json(gift("tiktok:other", at=AT + 9 * DAY)))
    await made.drain()
    assert boards(made) == {}
    assert made.ledger().counted == 3
    assert_exact(made)
