"""Merging the partitions' partials into boards of all streams."""

from random import Random
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.merge import IDLE_MS, Merge
from agents.domain.rules import MINUTE_MS, Rules
from schemas.board import StreamLeaderboard, Window
from schemas.partial import Ledger, Partial, PartialEntry, Progress

RULES = Rules(partitions=2, top_n=3)
START = 1_700_000_040_000 - 1_700_000_040_000 % MINUTE_MS
END = START + MINUTE_MS
CLOSE = END + RULES.lateness_ms
EXPIRES = END + 3_600_000
NAME = f"global|coin|1m|{START}"
MINUTE = Window("1m", START, END)
HOUR_START = START - START % 3_600_000
HOUR_END = HOUR_START + 3_600_000
HOUR = Window("1h", HOUR_START, HOUR_END)
HOUR_NAME = f"global|coin|1h|{HOUR_START}"


class Stream(NamedTuple):
    """What one stream was given, and in which partition it lives."""

    id: str
    value: int
    reached_ms: int = START
    partition: int = 0


def partial(partition: int, offset: int, *streams: Stream, window: Window = MINUTE, limit: int = 3) -> Partial:
    """Return a partition's local top."""
    ordered = sorted(streams, key=lambda stream: (-stream.value, stream.reached_ms, stream.id.encode()))
    return Partial(
        partition=partition,
        scope="global",
        unit="coin",
        window=window,
        offset=offset,
        entries=[PartialEntry(s.id, "name", s.value, 1, s.reached_ms, "c") for s in ordered[:limit]],
        value=sum(stream.value for stream in streams),
        sends=len(streams),
        ranked=len(streams),
    )


def progress(partition: int, watermark_ms: int, position: int = 1) -> Progress:
    return Progress(partition, position, watermark_ms, Ledger())


def apply(merge: Merge, *partials: Partial) -> None:
    for one in partials:
        merge.apply(f"{one.partition}|{NAME}", one)


def published(merge: Merge, expected: str = NAME) -> StreamLeaderboard:
    """Return the one board that changed."""
    [(name, value)] = merge.changed()
    assert name == expected
    assert value is not None
    return msgspec.json.decode(value, type=StreamLeaderboard)


def test_a_board_is_the_best_of_all_partitions_with_their_totals() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 7, Stream("s:a", 5), Stream("s:b", 3)), partial(1, 9, Stream("s:c", 4), Stream("s:d", 1)))
    board = published(merge)
    assert [(entry.id, entry.rank, entry.place) for entry in board.entries] == [
        ("s:a", 1, 1),
        ("s:c", 2, 2),
        ("s:b", 3, 3),
    ]
    assert (board.totals.value, board.totals.sends, board.totals.ranked) == (13, 4, 4)
    assert board.position.offsets == {"0": 7, "1": 9}
    assert board.revision == 2 * (8 + 10)
    assert not board.is_final
    assert merge.changed() == []


@pytest.mark.parametrize(
    ("streams", "order", "ranks"),
    [
        ([Stream("s:a", 5, START + 1), Stream("s:b", 5, START)], ["s:b", "s:a"], [1, 1]),
        ([Stream("s:b", 5), Stream("s:a", 5)], ["s:a", "s:b"], [1, 1]),
        ([Stream("s:a", 5), Stream("s:b", 5), Stream("s:c", 2)], ["s:a", "s:b", "s:c"], [1, 1, 3]),
    ],
    ids=["the earlier to reach it is first", "then the lower id", "equal values share a rank"],
)
def test_ties(streams: list[Stream], order: list[str], ranks: list[int]) -> None:
    merge = Merge(RULES)
    apply(merge, *(partial(number, 1, stream) for number, stream in enumerate(streams)))
    board = published(merge)
    assert [entry.id for entry in board.entries] == order
    assert [entry.rank for entry in board.entries] == ranks


def test_the_newest_partial_wins_and_an_older_one_changes_nothing() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:new", 9)))
    assert [entry.id for entry in published(merge).entries] == ["s:new"]
    apply(merge, partial(0, 4, Stream("s:old", 99)), partial(0, 5, Stream("s:new", 9)))
    assert merge.changed() == []


def test_a_board_is_final_when_every_watermark_has_passed_its_close() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    merge.progress(progress(0, CLOSE))
    assert not published(merge).is_final
    merge.progress(progress(1, CLOSE - 1))
    assert merge.changed() == []
    merge.progress(progress(1, CLOSE, position=2))
    board = published(merge)
    assert board.is_final
    assert board.revision == 2 * 6 + 1


def test_longer_windows_close_with_the_horizon() -> None:
    merge = Merge(RULES)
    merge.apply(f"0|{HOUR_NAME}", partial(0, 5, Stream("s:a", 9), window=HOUR))
    for partition in range(2):
        merge.progress(progress(partition, HOUR_END + RULES.horizon_ms - 1))
    assert not published(merge, HOUR_NAME).is_final
    for partition in range(2):
        merge.progress(progress(partition, HOUR_END + RULES.horizon_ms, position=2))
    assert published(merge, HOUR_NAME).is_final


def test_by_wall_clock_idle_partitions_are_left_out() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    merge.progress(progress(0, START + 1))
    merge.finalise(CLOSE)
    assert not published(merge).is_final
    merge.finalise(CLOSE + IDLE_MS - 1)
    assert merge.changed() == []
    merge.finalise(CLOSE + IDLE_MS)
    assert published(merge).is_final


def test_by_wall_clock_a_busy_partition_is_waited_for() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    merge.progress(progress(0, START + 1))
    merge.finalise(CLOSE + 10 * IDLE_MS)
    assert not published(merge).is_final


@pytest.mark.parametrize("known", [True, False])
def test_a_partition_is_busy_once_its_partial_says_so_even_before_its_progress(known: bool) -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    if known:
        merge.progress(progress(0, START + 1, position=6))
    merge.finalise(CLOSE)
    merge.finalise(CLOSE + 2 * IDLE_MS)
    assert published(merge).is_final
    apply(merge, partial(0, 6, Stream("s:a", 10)))
    merge.finalise(CLOSE + 2 * IDLE_MS)
    assert not published(merge).is_final
    merge.finalise(CLOSE + 3 * IDLE_MS)
    assert published(merge).is_final


def test_what_was_final_stays_final_until_a_partial_changes() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    merge.progress(progress(0, START + 1))
    merge.finalise(CLOSE)
    merge.finalise(CLOSE + IDLE_MS)
    final = published(merge)
    merge.progress(progress(1, START + 1))
    assert merge.changed() == []
    apply(merge, partial(1, 0, Stream("s:b", 1)))
    board = published(merge)
    assert final.is_final
    assert not board.is_final
    assert board.revision > final.revision


def test_a_restart_takes_no_final_back_and_repeats_nothing() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    merge.remember(NAME, 2 * 6 + 1)
    assert merge.changed() == []
    apply(merge, partial(0, 6, Stream("s:a", 10)))
    assert published(merge).revision == 2 * 7


def test_a_board_is_over_as_soon_as_one_partition_has_withdrawn() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    published(merge)
    merge.apply(f"0|{NAME}", None)
    assert merge.changed() == [(NAME, None)]
    apply(merge, partial(1, 3, Stream("s:b", 1)))
    merge.apply(f"1|{NAME}", None)
    assert merge.changed() == [], "what a partition further behind tells would be a board without the other's streams"


def test_a_board_is_over_as_soon_as_one_watermark_is_past_its_retention() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    published(merge)
    merge.progress(progress(1, EXPIRES))
    apply(merge, partial(0, 6, Stream("s:a", 10)))
    assert published(merge).revision == 2 * 7
    merge.progress(progress(1, EXPIRES + 1, position=2))
    assert merge.changed() == [(NAME, None)]
    apply(merge, partial(0, 7, Stream("s:a", 11)))
    assert merge.changed() == []


def test_a_board_that_closes_only_when_it_is_over_is_shown_once_more() -> None:
    merge = Merge(RULES)
    assert merge.changed() == []
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    merge.progress(progress(0, EXPIRES + 1))
    merge.progress(progress(1, CLOSE))
    [(_, final), gone] = merge.changed()
    assert msgspec.json.decode(final or b"", type=StreamLeaderboard).is_final
    assert gone == (NAME, None)
    apply(merge, partial(1, 3, Stream("s:b", 1)))
    assert merge.changed() == []


def test_a_board_that_closes_and_is_withdrawn_at_once_is_final_before_it_is_gone() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    assert not published(merge).is_final
    merge.progress(progress(0, EXPIRES + 1))
    merge.progress(progress(1, CLOSE))
    merge.apply(f"0|{NAME}", None)
    [(_, final), gone] = merge.changed()
    assert msgspec.json.decode(final or b"", type=StreamLeaderboard).is_final
    assert gone == (NAME, None)
    merge.apply(f"0|{NAME}", None)
    assert merge.changed() == []


def test_a_restart_shows_nothing_of_a_board_that_may_have_been_withdrawn_from() -> None:
    merge = Merge(RULES)
    apply(merge, partial(1, 3, Stream("s:b", 1)))
    merge.progress(progress(0, EXPIRES + 1))
    merge.progress(progress(1, CLOSE))
    assert merge.changed() == [], "the other partition's partial and its withdrawal may be compacted"


def test_of_a_board_that_was_over_before_it_was_shown_nothing_is_published() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    merge.apply(f"1|{NAME}", None)
    assert merge.changed() == []


def test_a_board_that_one_partition_has_withdrawn_leaves_the_others_alone() -> None:
    merge = Merge(RULES)
    merge.apply(f"1|global|coin|1m|{START - MINUTE_MS}", None)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    assert published(merge).revision == 2 * 6


@pytest.mark.parametrize("told", ["a withdrawal", "a watermark", "a tombstone"])
def test_a_restart_knows_by_any_sign_that_a_board_is_over(told: str) -> None:
    merge = Merge(RULES)
    merge.remember(NAME, 2 * 6)
    if told == "a withdrawal":
        merge.apply(f"0|{NAME}", None)
    elif told == "a watermark":
        merge.progress(progress(0, EXPIRES + 1))
    else:
        merge.remember(NAME, None)
    apply(merge, partial(1, 3, Stream("s:b", 1)))
    assert merge.changed() == ([] if told == "a tombstone" else [(NAME, None)])
    apply(merge, partial(1, 4, Stream("s:b", 2)))
    assert merge.changed() == []


def test_a_remembered_board_stays_while_nothing_is_told_of_it() -> None:
    merge = Merge(RULES)
    merge.remember(NAME, 2 * 6)
    merge.progress(progress(0, EXPIRES))
    merge.progress(progress(1, EXPIRES))
    assert merge.changed() == []
    merge.progress(progress(1, EXPIRES + 1, position=2))
    assert merge.changed() == [(NAME, None)]


def test_a_board_that_is_final_by_wall_clock_and_opens_again_is_final_again() -> None:
    merge = Merge(RULES)
    apply(merge, partial(0, 5, Stream("s:a", 9)))
    merge.progress(progress(0, START + 1))
    merge.finalise(CLOSE)
    merge.finalise(CLOSE + IDLE_MS)
    assert published(merge).is_final
    merge.progress(progress(1, START + 1))
    apply(merge, partial(1, 0, Stream("s:b", 1)))
    assert not published(merge).is_final
    for partition in range(2):
        merge.progress(progress(partition, CLOSE, position=2))
    assert published(merge).is_final


def test_the_withdrawal_of_a_progress_means_nothing() -> None:
    merge = Merge(RULES)
    merge.apply("0", None)
    assert merge.changed() == []


def test_losses_are_united_and_otherwise_not_mentioned() -> None:
    merge = Merge(RULES)
    one, two = partial(0, 5, Stream("s:a", 9)), partial(1, 3, Stream("s:b", 1))
    apply(merge, one)
    [(_, value)] = merge.changed()
    assert b"incomplete" not in (value or b"")
    apply(merge, msgspec.structs.replace(two, incomplete=["1:40", "0:7"]))
    assert published(merge).incomplete == ["0:7", "1:40"]


STREAMS = st.lists(
    st.builds(
        Stream,
        st.from_regex(r"s:[a-z]{1,2}", fullmatch=True),
        st.integers(0, 5),
        st.integers(START, START + 2),
        st.integers(0, 3),
    ),
    max_size=20,
    unique_by=lambda stream: stream.id,
)


@given(STREAMS, st.integers(1, 5))
def test_local_tops_merge_to_the_top_of_everything(streams: list[Stream], limit: int) -> None:
    merge = Merge(Rules(partitions=4, top_n=limit))
    for number in {stream.partition for stream in streams}:
        local = [stream for stream in streams if stream.partition == number]
        apply(merge, partial(number, 1, *local, limit=limit))
    everything = sorted(streams, key=lambda stream: (-stream.value, stream.reached_ms, stream.id.encode()))
    expected = [
        (1 + sum(other.value > stream.value for other in streams), place, stream.id)
        for place, stream in enumerate(everything[:limit], 1)
    ]
    found = [(entry.rank, entry.place, entry.id) for entry in published(merge).entries] if streams else []
    assert found == expected


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=12),
    st.integers(0, 2**32),
    st.integers(1, 4),
)
def test_the_board_depends_on_neither_order_nor_repetition(
    changes: list[tuple[int, int]], seed: int, every: int
) -> None:
    partials = [partial(number, offset, Stream(f"s:{number}", offset)) for number, offset in changes]
    told = [*partials, *partials]
    Random(seed).shuffle(told)
    in_order, shuffled = Merge(RULES), Merge(RULES)
    apply(in_order, *sorted(partials, key=lambda one: one.offset))
    seen: list[bytes | None] = []
    for number, one in enumerate(told):
        apply(shuffled, one)
        if number % every == 0:
            seen += [value for _, value in shuffled.changed()]
    seen += [value for _, value in shuffled.changed()]
    assert seen[-1:] == [value for _, value in in_order.changed()]
    revisions = [msgspec.json.decode(value or b"", type=StreamLeaderboard).revision for value in seen]
    assert revisions == sorted(set(revisions))
