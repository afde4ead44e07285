"""What gets into a stream's row of engagement, and what does not."""

import pytest

from agents.domain.engagement import (
    ANONYMOUS,
    FORGET_AFTER,
    KEPT_CONTRIBUTORS,
    MOST_CONTRIBUTORS,
    MOST_GIFTERS,
    START_GIFTERS,
    WINDOW,
    Engagement,
    Spike,
    Tally,
    begin,
    forgotten,
    note,
)

NOW = 1_000


def row_at(at: int, *gifts: tuple[str, int]) -> Engagement:
    """Return a row whose watermark is at `at`, with gifts (gifter, bucket) of one coin."""
    row = begin(at, at)
    for gifter, bucket in gifts:
        note(row, gifter, bucket, "coin", 1, 1)
    return row


@pytest.mark.parametrize(
    ("bucket", "counts"),
    [(NOW - WINDOW - 1, 0), (NOW - WINDOW, 0), (NOW - WINDOW + 1, 1), (NOW - 1, 1), (NOW, 0), (NOW + 5, 0)],
    ids=["long past", "leaves W now", "first of the next W", "last of W", "open bucket", "ahead"],
)
def test_a_gift_counts_while_its_bucket_is_in_the_window(bucket: int, counts: int) -> None:
    assert row_at(NOW, ("a", bucket)).gifters() == counts


def test_gifters_are_counted_once() -> None:
    assert row_at(NOW, ("a", NOW - 1), ("a", NOW - 2), ("b", NOW - 2)).gifters() == 2


def test_a_row_is_restless_once_enough_gifters_could_be_in_a_window() -> None:
    gifts = [(f"gifter-{number}", NOW + number) for number in range(START_GIFTERS)]
    assert not row_at(NOW, *gifts[1:]).restless
    assert row_at(NOW, *gifts).restless


def test_the_gifters_told_apart_in_a_bucket_are_bounded() -> None:
    row = row_at(NOW, *((f"gifter-{number}", NOW - 1) for number in range(MOST_GIFTERS + 9)))
    assert row.gifters() == MOST_GIFTERS
    assert row.recent[NOW - 1].sends == MOST_GIFTERS + 9


def test_a_stream_is_forgotten_two_hours_after_its_newest_gift() -> None:
    row = row_at(NOW, ("a", NOW + 3), ("a", NOW - 3))
    assert not forgotten(row, NOW + 3 + FORGET_AFTER)
    assert forgotten(row, NOW + 4 + FORGET_AFTER)


def test_a_spike_sums_gifts_from_its_first_bucket_on() -> None:
    row = row_at(NOW)
    row.spike = Spike(NOW, NOW, NOW - 3, Tally())
    for bucket in (NOW - 4, NOW - 3, NOW + 1):
        note(row, "a", bucket, "coin", 2, 10)
    assert (row.spike.tally.sends, row.spike.tally.values) == (4, {"coin": 20})


def test_the_top_are_those_who_are_known_by_sends_and_then_by_id() -> None:
    tally = Tally(gifters={"c": 2, "b": 2, "a": 1, ANONYMOUS: 9, "d": 7})
    assert tally.top() == [("d", 7), ("b", 2), ("c", 2)]


def test_contributors_are_bounded_and_the_best_are_kept() -> None:
    spike = Spike(NOW, NOW, NOW, Tally())
    for number in range(MOST_CONTRIBUTORS):
        spike.contribute(f"gifter-{number}", number + 1)
    assert len(spike.tally.gifters) == MOST_CONTRIBUTORS
    spike.contribute("one-more", 1)
    assert len(spike.tally.gifters) == KEPT_CONTRIBUTORS
    assert spike.tally.top(1) == [(f"gifter-{MOST_CONTRIBUTORS - 1}", MOST_CONTRIBUTORS)]


@pytest.mark.parametrize(("score", "severity"), [(3.0, 1), (5.0, 1), (5.1, 2), (8.0, 2), (8.1, 3)])
def test_severity_follows_the_highest_score(score: float, severity: int) -> None:
    assert Spike(NOW, NOW, NOW, Tally(), highest=score).severity == severity
