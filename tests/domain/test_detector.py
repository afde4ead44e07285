"""The life of a spike: it starts, grows, ends, cools, and may go on."""

from itertools import count

import pytest

from agents.domain.detector import (
    COOL_DOWN,
    END_AFTER,
    LONGEST,
    NEVER,
    WARM_UP,
    Moment,
    baseline,
    evaluate,
    next_evaluation,
    score,
)
from agents.domain.engagement import WINDOW, Engagement, begin, note

BEGIN = 10_000
WARM = BEGIN + WARM_UP


def quiet_row() -> Engagement:
    """Return the row of a stream with one gift, warmed up."""
    row = begin(BEGIN, BEGIN)
    note(row, "first", BEGIN, "coin", 1, 1)
    run(row, WARM)
    return row


def run(row: Engagement, until: int, per_bucket: int = 0) -> list[Moment]:
    """Evaluate each boundary up to `until`, with so many new gifters before each. Return what was found."""
    found = []
    while row.at < until:
        give(row, per_bucket)
        moment = evaluate(row, row.at + 1)
        if moment is not None:
            found.append(moment)
    return found


_number = count()


def give(row: Engagement, gifters: int) -> None:
    for _ in range(gifters):
        note(row, f"gifter-{next(_number)}", row.at, "coin", 2, 10)


def spiking_row() -> Engagement:
    """Return a row in a spike that started shortly after the stream was warm, at 4 gifters a bucket."""
    row = quiet_row()
    assert [moment.phase for moment in run(row, WARM + 4, per_bucket=4)] == ["start", "peak"]
    return row


def test_the_score_is_zero_at_what_is_expected_and_grows_with_the_gifters() -> None:
    assert score(5, 50, 10) == 0
    assert score(4, 50, 10) < 0 < score(6, 50, 10) < score(7, 50, 10)
    assert score(9, 5, 1) < score(9, 50, 10), "the less is known, the more must happen"


def test_a_spike_starts_when_two_evaluations_in_a_row_exceed() -> None:
    row = quiet_row()
    give(row, 9)
    assert run(row, WARM + 1) == []
    [start] = run(row, WARM + 2)
    assert (start.phase, start.at, start.gifters) == ("start", WARM + 2, 9)
    assert row.spike is not None
    assert row.spike.tally.values == {"coin": 90}, "it sums the window that set it off"
    assert row.spike.tally.sends == 18


def test_three_gifters_are_never_a_spike() -> None:
    row = quiet_row()
    give(row, 3)
    assert run(row, WARM + 20) == []


def test_no_spike_starts_before_the_stream_is_warm() -> None:
    row = begin(BEGIN, BEGIN)
    assert run(row, WARM - 3) == []
    give(row, 50)
    [start] = run(row, WARM)
    assert start.at == WARM


def test_a_stream_that_begins_with_a_crowd_is_used_to_it() -> None:
    row = begin(BEGIN, BEGIN)
    assert run(row, WARM + 100, per_bucket=3) == []


def test_each_new_maximum_is_a_peak() -> None:
    row = spiking_row()
    assert [moment.phase for moment in run(row, row.at + 2, per_bucket=5)] == ["peak", "peak"]
    assert run(row, row.at + 1) == []


def test_it_ends_after_thirty_calm_seconds() -> None:
    row = spiking_row()
    last = row.at - 1
    [end] = run(row, row.at + 60)
    assert end.phase == "end"
    assert end.cause is None
    assert last + END_AFTER < end.at <= last + WINDOW + END_AFTER
    assert row.spike is None, "it has cooled down"


def test_one_that_resumes_within_the_cool_down_is_the_same_spike() -> None:
    row = spiking_row()
    assert row.spike is not None
    started, sends = row.spike.started, row.spike.tally.sends
    [end] = run(row, row.at + WINDOW + END_AFTER)
    run(row, end.at + COOL_DOWN - 6)
    moments = run(row, row.at + 5, per_bucket=4)
    assert moments[0].phase == "start"
    assert row.spike.started == started
    assert row.spike.tally.sends == sends + 40


def test_after_the_cool_down_it_is_another_spike() -> None:
    row = spiking_row()
    assert row.spike is not None
    started = row.spike.started
    run(row, row.at + WINDOW + END_AFTER + COOL_DOWN)
    run(row, row.at + 5, per_bucket=4)
    assert row.spike is not None
    assert row.spike.started > started


def test_after_fifteen_minutes_it_is_the_new_normal() -> None:
    row = spiking_row()
    assert row.spike is not None
    started = row.spike.started
    moments = run(row, started + LONGEST, per_bucket=4)
    assert (moments[-1].phase, moments[-1].cause, moments[-1].at) == ("end", "sustained", started + LONGEST)
    assert run(row, row.at + 100, per_bucket=4) == []


def test_a_spike_does_not_raise_what_is_expected() -> None:
    row = spiking_row()
    before = row.count, row.windows
    run(row, row.at + 50, per_bucket=4)
    assert baseline(row) == before


def test_the_baseline_tends_to_the_gifters_of_a_window() -> None:
    row = begin(BEGIN, BEGIN)
    run(row, BEGIN + 2_000, per_bucket=1)
    counted, windows = baseline(row)
    assert counted / windows == pytest.approx(WINDOW, rel=0.01)


def test_the_baseline_halves_in_ten_quiet_minutes() -> None:
    row = begin(BEGIN, BEGIN)
    run(row, row.fed + 30 * WINDOW, per_bucket=1)
    run(row, row.at + 3 * WINDOW)
    counted, _ = baseline(row)
    run(row, row.at + 10 * WINDOW)
    assert baseline(row)[0] == pytest.approx(counted / 2)


def test_a_silent_stream_needs_no_evaluation() -> None:
    row = quiet_row()
    run(row, row.at + 3 * WINDOW)
    assert next_evaluation(row) == NEVER
