"""Merged boards from the partials topic: what they say depends on the newest partials, not on who reads them when."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from agents.domain.merge import Merge
from agents.domain.rules import Rules
from agents.merge import MergedBoards, merge_agent
from agents.news import Given, Merged
from agents.output import Output
from schemas.board import StreamLeaderboard, Window
from schemas.partial import Ledger, Partial, PartialEntry, Progress
from schemas.replaced import replacement
from tests.agents.fake_kafka import Kept
from tests.builders import AT

KEY = f"global|coin|1m|{AT}"
CLOSED = AT + 90_000


def boards(told: list[Merged] | None = None) -> MergedBoards:
    """Return the boards of two partitions; what they publish goes to `told`."""
    heard = [] if told is None else told
    return MergedBoards(Merge(Rules(partitions=2)), "leaderboards.streams.v1", heard.append)


def partial(partition: int, offset: int, value: int) -> Kept:
    """A record of the partials topic: one stream of the partition has come to a value."""
    entry = PartialEntry(f"tiktok:s{partition}", "S", value, 1, AT, "c1")
    told = Partial(partition, "global", "coin", Window("1m", AT, AT + 60_000), offset, [entry], value, 1, 1)
    return Kept(0, AT, f"{partition}|{KEY}".encode(), msgspec.json.encode(told))


def progress(partition: int, watermark_ms: int, position: int = 1, counted: int = 0) -> Kept:
    told = Progress(partition, position, watermark_ms, Ledger(counted=counted))
    return Kept(0, AT, b"%d" % partition, msgspec.json.encode(told))


def day(partition: int, value: int, scope: str = "global", unit: str = "coin", window: Any = "1d") -> Kept:
    """A record of the partials topic: what a partition was given in a day, or what its `window` says."""
    start = AT - AT % 86_400_000
    board = Partial(partition, scope, unit, Window(window, start, start + 86_400_000), value, [], value, 2, 0)
    return Kept(0, AT, f"{partition}|{scope}|{unit}|{window}|{start}".encode(), msgspec.json.encode(board))


def withdrawn(partition: int) -> Kept:
    return Kept(0, AT, f"{partition}|{KEY}".encode(), None)


def merged(view: MergedBoards, *records: Kept, now_ms: int = AT) -> list[Output]:
    for record in records:
        view.apply(record)
    return view.changed(now_ms)


def read(output: Output) -> StreamLeaderboard:
    return msgspec.json.decode(output.value or b"", type=StreamLeaderboard)


def republished(output: Output) -> Kept:
    return Kept(0, AT, output.key, output.value)


def test_partials_become_one_board_in_the_one_partition_of_its_topic() -> None:
    [output] = merged(boards(), partial(0, 4, 10), partial(1, 7, 20))
    assert (output.topic, output.partition, output.key) == ("leaderboards.streams.v1", 0, KEY.encode())
    board = read(output)
    assert [(entry.rank, entry.id) for entry in board.entries] == [(1, "tiktok:s1"), (2, "tiktok:s0")]
    assert (board.position.offsets, board.revision) == ({"0": 4, "1": 7}, 2 * (5 + 8))


def test_nothing_new_publishes_nothing() -> None:
    view = boards()
    merged(view, partial(0, 4, 10))
    assert merged(view, partial(0, 4, 10), partial(0, 3, 9), progress(0, AT)) == []


def test_a_board_is_final_when_all_watermarks_have_passed_and_stays_so_after_a_takeover() -> None:
    records = [partial(0, 4, 10), progress(0, CLOSED)]
    [opened] = merged(boards(), *records)
    assert not read(opened).is_final
    [closed] = merged(boards(), *records, progress(1, CLOSED))
    assert read(closed).is_final
    successor = boards()
    successor.remember(republished(closed))
    assert merged(successor, *records) == []
    assert merged(successor, progress(1, CLOSED)) == []


def test_a_takeover_says_only_what_its_predecessor_had_not_said() -> None:
    before = boards()
    told = merged(before, partial(0, 4, 10))
    successor = boards()
    for output in told:
        successor.remember(republished(output))
    assert merged(successor, partial(0, 4, 10)) == []
    [newer] = merged(successor, partial(1, 7, 20))
    [same] = merged(before, partial(1, 7, 20))
    assert (newer.key, newer.value) == (same.key, same.value)


def test_a_board_gets_its_tombstone_when_the_first_partition_has_withdrawn() -> None:
    view = boards()
    merged(view, partial(0, 4, 10), partial(1, 7, 20))
    assert [(output.key, output.value) for output in merged(view, withdrawn(0))] == [(KEY.encode(), None)]
    assert merged(view, partial(1, 8, 21)) == []
    assert merged(view, withdrawn(1)) == []


def test_what_was_published_is_told_when_it_is_acked_with_how_many_gifts_and_how_new() -> None:
    told: list[Merged] = []
    view = boards(told)
    merged(view, partial(0, 4, 10), progress(0, AT, counted=10))
    assert told == []
    view.published()
    assert told.pop() == Merged(1, 0, 0, 0, {}), "what a new owner finds is not new"

    newer = progress(0, AT + 2_000, position=2, counted=13), progress(1, AT + 1_000, counted=2)
    merged(view, partial(0, 6, 12), *newer)
    view.published()
    assert told.pop() == Merged(1, 0, 5, AT + 2_000, {})

    merged(view, withdrawn(0), progress(0, AT + 9_000, position=3, counted=13))
    view.published()
    assert told.pop() == Merged(0, 1, 0, 0, {}), "no gift, no latency: that partition only moved on"


def test_what_was_given_is_told_once_by_the_boards_of_the_day_over_all_regions() -> None:
    told: list[Merged] = []
    view = boards(told)
    merged(view, day(0, 100), day(1, 50))
    view.published()
    assert told.pop().given == {}, "what a new owner finds was told by the one before"
    merged(view, day(0, 130), day(0, 130, "region:DE"), day(0, 130, window="1h"), day(1, 51), day(0, 7, unit="bit"))
    view.published()
    assert told.pop().given == {"coin": Given(31, 0), "bit": Given(7, 2)}


def test_a_partition_that_tells_of_less_takes_nothing_back_and_is_not_counted_twice_when_it_rises_again() -> None:
    told: list[Merged] = []
    view = boards(told)
    for value, counted in ((100, 10), (90, 9), (130, 13)):
        merged(view, day(0, value), progress(0, AT, position=value, counted=counted), partial(0, value, value))
        view.published()
    news = [(one.given, one.gifts) for one in told]
    assert news == [({}, 0), ({"coin": Given(0, 0)}, 0), ({"coin": Given(30, 0)}, 3)]


def test_a_takeover_does_not_bring_a_board_back_that_has_its_tombstone() -> None:
    before = boards()
    told = [*merged(before, partial(0, 4, 10)), *merged(before, withdrawn(0))]
    successor = boards()
    for output in told:
        successor.remember(republished(output))
    assert merged(successor, partial(0, 4, 10), partial(1, 7, 20)) == []


def test_what_a_rebuild_took_back_may_come_anew_at_any_revision() -> None:
    before = boards()
    [told] = merged(before, partial(0, 9, 10))
    successor = boards()
    successor.remember(republished(told))
    successor.remember(Kept(1, AT, told.key, None, replacement("giftstream-2")))
    [anew] = merged(successor, partial(0, 4, 10))
    assert read(anew).revision < read(told).revision


def test_the_fence_of_a_new_owner_tells_nobody_anything() -> None:
    view = boards()
    fence = view.fence()
    assert (fence.topic, fence.partition, fence.value) == ("leaderboards.streams.v1", 0, None)
    view.remember(republished(fence))
    assert merged(view) == []


@pytest.mark.asyncio
async def test_the_agent_hands_each_run_to_its_replay() -> None:
    handed: list[Any] = []

    class App:
        async def fold_replayed(self, replay: Any, run: Any) -> None:
            handed.append((replay, run))

    async def runs() -> AsyncIterator[Any]:
        yield "run"

    await merge_agent(App(), "replay")(runs())  # type: ignore[arg-type]
    assert handed == [("replay", "run")]


def test_json_is_plain() -> None:
    [output] = merged(boards(), partial(0, 4, 10))
    assert list(json.loads(output.value or b"")) == [
        name for name in StreamLeaderboard.__struct_fields__ if name != "incomplete"
    ]
