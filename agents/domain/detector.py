"""When many give at once: finds the engagement spikes of one stream.

At each boundary that the watermark passes, the distinct gifters of W, the last 60 s of event time, are held against
what the stream is used to, which is a Gamma estimate with forgetting (half-life 10 minutes):

    expected = count / windows
    score    = (gifters - expected) / sqrt(expected + 0.16 * expected² + expected / windows + 1)

    quiet ──score >= 3 and gifters >= 4, twice running──▶ active ──score < 1.5 for 30 s, or 15 minutes──▶ cooling
      ▲                                                     ▲                                              │ │
      │                                                     └──────────── as above, same spike ────────────┘ │
      └─────────────────────────────────────── after 120 s ──────────────────────────────────────────────────┘

Distinct gifters, not value, so that one whale is no spike (gifts.md, section 4; measured in
`tests/domain/test_spike_quality.py`). Once a window the baseline is fed with the window before, so that a spike does
not raise what is expected of it, and from a start to the end of the cool-down it is frozen.

Between the boundaries that `next_evaluation` names an evaluation would find nothing, and change nothing of what is
found later. So it does not matter when a stream is caught up: what is found depends on the records alone.
"""

from math import sqrt
from typing import Final, Literal, NamedTuple

from agents.domain.engagement import START_GIFTERS, WINDOW, Engagement, Spike, Tally

HALF_LIFE: Final = 120
"""In buckets, as all spans of time here."""

WARM_UP: Final = 24
START_SCORE: Final = 3.0
CONFIRMATIONS: Final = 2
END_SCORE: Final = 1.5
END_AFTER: Final = 6
"""No gifter at all scores at most 0, so a silent stream ends its spike after this, too."""

LONGEST: Final = 180
COOL_DOWN: Final = 24
CLUMPING: Final = 0.16
"""Gifters come in clumps: variance beyond Poisson's, relative to expected²."""

KEEP: Final = 0.5 ** (WINDOW / HALF_LIFE)
NEVER: Final = 2**62

Phase = Literal["start", "peak", "end"]


class Moment(NamedTuple):
    """What an evaluation at the boundary `at` found worth telling about the row's spike."""

    phase: Phase
    at: int
    gifters: int
    expected: float
    score: float
    cause: str | None = None


def next_evaluation(row: Engagement) -> int:
    """Return the next boundary that has to be evaluated, without another gift until then, or NEVER.

    The baseline must be fed, a spike goes on or cools, and one may start: not with a usual crowd, nor in the warm-up,
    of which only the last boundaries can confirm anything.
    """
    at = row.at
    if row.active:
        return at + 1
    due = NEVER
    if row.held or row.crowd >= START_GIFTERS:
        due = _feeding_after(row, at)
    elif row.recent:
        due = _feeding_after(row, max(at, min(row.recent)))
    if row.spike is not None and row.spike.ended is not None:
        due = min(due, row.spike.ended + COOL_DOWN)
    if row.confirmations or _could_start(row):
        due = min(due, max(at + 1, row.first + WARM_UP + 1 - CONFIRMATIONS))
    return due


def evaluate(row: Engagement, at: int) -> Moment | None:
    """Move the row to the boundary `at`, which `next_evaluation` gave, and return what is new there."""
    row.reach(at)
    if at >= row.fed and (at - row.fed) % WINDOW == 0:
        _feed(row)
    spike = row.spike
    if spike is not None:
        if spike.ended is None:
            return _go_on(row, spike, row.gifters())
        if at >= spike.ended + COOL_DOWN:
            row.spike = None
    return _maybe_start(row)


def baseline(row: Engagement) -> tuple[float, float]:
    """Return how many gifters in how many windows there have been, both with forgetting, at the row's boundary."""
    unfed = (row.at - row.fed) // WINDOW
    if unfed <= 0:
        return row.count, row.windows
    keep = KEEP**unfed
    return row.count * keep, row.windows * keep + (1 - keep) / (1 - KEEP)


def score(gifters: int, count: float, windows: float) -> float:
    """Return by how many standard deviations `gifters` exceed count / windows, roughly by a negative binomial."""
    expected = count / windows
    return (gifters - expected) / sqrt(expected + CLUMPING * expected * expected + expected / windows + 1)


def _could_start(row: Engagement) -> bool:
    """Return False if no evaluation before the next feeding exceeds without another gift.

    Until then the baseline is what it is, and there are never more gifters in W.
    """
    if row.crowd < START_GIFTERS:
        return False
    count, windows = baseline(row)
    return score(row.crowd, count, windows) >= START_SCORE


def _feeding_after(row: Engagement, at: int) -> int:
    return row.fed if at < row.fed else at + WINDOW - (at - row.fed) % WINDOW


def _feed(row: Engagement) -> None:
    """Once a window: feed the baseline with the window before, and hold this one. Zeros need no feeding."""
    if row.held:
        count, windows = baseline(row)
        row.count, row.windows, row.fed = count + row.held, windows, row.at
    row.held = row.gifters()


def _maybe_start(row: Engagement) -> Moment | None:
    count, windows = baseline(row)
    gifters = row.crowd
    if gifters >= START_GIFTERS and score(gifters, count, windows) >= START_SCORE:
        gifters = row.gifters()
    now = score(gifters, count, windows)
    exceeds = gifters >= START_GIFTERS and now >= START_SCORE
    row.confirmations = row.confirmations + 1 if exceeds else 0
    if row.confirmations < CONFIRMATIONS or row.at - row.first < WARM_UP:
        return None
    row.count, row.windows, row.fed, row.held, row.confirmations = count, windows, NEVER, 0, 0
    spike = row.spike = row.spike or _new_spike(row)
    spike.resumed, spike.ended, spike.calm = row.at, None, 0
    spike.peak, spike.highest = max(spike.peak, gifters), max(spike.highest, now)
    return Moment("start", row.at, gifters, count / windows, now)


def _new_spike(row: Engagement) -> Spike:
    """Begin a spike with the gifts of the W that set it off, in the order of time, which tells who is kept of many."""
    spike = Spike(row.at, row.at, row.at - WINDOW, Tally())
    for bucket in sorted(row.recent):
        tally = row.recent[bucket]
        spike.tally.merge(tally)
        for gifter, sends in tally.gifters.items():
            spike.contribute(gifter, sends)
    return spike


def _go_on(row: Engagement, spike: Spike, gifters: int) -> Moment | None:
    now = score(gifters, row.count, row.windows)
    spike.calm = spike.calm + 1 if now < END_SCORE else 0
    spike.highest = max(spike.highest, now)
    moment = Moment("peak", row.at, gifters, row.count / row.windows, now)
    if spike.calm >= END_AFTER:
        return _end(row, spike, moment, None)
    if row.at - spike.resumed >= LONGEST:
        row.count = gifters * row.windows
        return _end(row, spike, moment, "sustained")
    if gifters > spike.peak:
        spike.peak = gifters
        return moment
    return None


def _end(row: Engagement, spike: Spike, moment: Moment, cause: str | None) -> Moment:
    spike.ended = row.at
    row.fed = row.at + COOL_DOWN
    return moment._replace(phase="end", cause=cause)
