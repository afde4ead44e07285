"""Boards of a stream that say the same are written once: each as if it were written alone."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.board import Board
from agents.domain.gaps import Gaps
from agents.domain.messages import Cut
from agents.domain.rules import DAY_MS, HOUR_MS, MINUTE_MS, Rules
from agents.domain.small_rows import Gap
from agents.domain.snapshots import Snapshots, holds
from schemas.board import StreamTotals, Window
from tests.builders import AT, gift
from tests.domain.harness import Partition

INDIA = Rules(partitions=1, partitioner="any", time_zone="Asia/Kolkata")
"""A day begins there in the middle of an hour."""

MIDNIGHT = AT // DAY_MS * DAY_MS + DAY_MS - 5 * HOUR_MS - 30 * MINUTE_MS
TIMES = [MIDNIGHT + offset for offset in (-61 * MINUTE_MS, -20 * MINUTE_MS, -1, 0, 1, 20 * MINUTE_MS, 31 * MINUTE_MS)]


def written(cut: Cut) -> list[tuple[str, bytes]]:
    return [(key, value) for to, key, value in cut.messages if to in ("totals", "gifters") and value is not None]


def written_alone(cut: Cut) -> list[tuple[str, bytes]]:
    """Write each board of a cut that is not published yet by a writer of its own."""
    boards = [board for board in cut.boards if isinstance(board, Board)]
    return [(board.key, value) for board in boards for value in Snapshots(INDIA, 0, Gaps(0, [])).board(board)]


gifts = st.lists(
    st.tuples(st.sampled_from(TIMES), st.sampled_from(["a", "b"]), st.sampled_from(["u1", "u2"]), st.integers(0, 1)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(gifts, min_size=1, max_size=4))
def test_what_is_shared_is_what_would_be_written_alone(runs: Sequence[list[tuple[int, str, str, int]]]) -> None:
    partition = Partition(INDIA)
    for run in runs:
        events = [gift(f"tiktok:{stream}", sender, value, at=at) for at, stream, sender, value in run]
        partition.feed(*events, at=max(TIMES) + 1)
        cut = partition.cut()
        assert written(cut) == written_alone(cut)
        partition.publish(cut)


def test_an_hour_that_lies_in_two_days_may_come_to_the_same_as_one_of_them() -> None:
    """Both end with the same gift and come to the same, and yet the first was given by another."""
    partition = Partition(INDIA)
    partition.feed(gift(sender="before", at=MIDNIGHT - 2 * MINUTE_MS))
    partition.feed(gift(sender="later", at=MIDNIGHT + 31 * MINUTE_MS), gift(sender="both", at=MIDNIGHT))
    cut = partition.cut()
    assert written(cut) == written_alone(cut)
    hour = f"|1h|{MIDNIGHT - HOUR_MS // 2}"
    [of_hour] = [value for key, value in written(cut)[1::2] if key.endswith(hour)]
    assert b'"before"' in of_hour
    assert b'"later"' not in of_hour


def test_a_board_that_lacks_gifts_says_so_for_itself() -> None:
    partition = Partition(INDIA)
    partition.feed(gift(at=AT + 30 * MINUTE_MS))
    [*boards] = (board for board in partition.cut().boards if isinstance(board, Board))
    gap = Gap(0, 5, until_ms=max(b.within.window.start_ms for b in boards) - 1)
    snapshots = Snapshots(INDIA, 0, Gaps(0, [gap]))
    told = [msgspec.json.decode(snapshots.board(board)[0], type=StreamTotals) for board in boards]
    assert {one.window.name: one.incomplete for one in told} == {
        "1m": msgspec.UNSET,
        "1h": ["0:0-4"],
        "1d": ["0:0-4"],
        "stream": ["0:0-4"],
    }


@pytest.mark.parametrize(
    ("window", "other", "expected"),
    [
        ((0, 60), (0, 3600), True),
        ((3540, 3600), (0, 3600), True),
        ((0, 60), (30, 90), False),
        ((0, 60), (0, None), True),
    ],
)
def test_a_window_holds_another(window: tuple[int, int], other: tuple[int, int | None], expected: bool) -> None:
    one, two = Window("1m", *window), Window("1h", *other)
    assert holds(one, two) is holds(two, one) is expected
