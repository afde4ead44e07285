"""How a streak goes over time: section 6 of reference/gifts.md."""

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from app.load.options import Faults

SHARE: Final = 0.3
"""Of the taps on cheap gifts, so many begin a streak."""

CLOSES_AFTER_MS: Final = 3_200
LONGEST_MS: Final = 120_000
LONGEST: Final = 9_999
RESENT_WITHIN_MS: Final = 60_000
_MU: Final = 1.5
_SIGMA: Final = 1.1


class Frame(NamedTuple):
    """One message of a streak: when it happened and is sent, in ms after the first tap; the total so far."""

    event_ms: int
    sent_ms: int
    total: int
    final: bool


def frames(rng: random.Random, faults: Faults) -> Iterator[Frame]:
    """Yield the frames of one streak as far as they come through. The first always does."""
    taps_a_ms = rng.uniform(0.002, 0.008)
    length = min(int(rng.lognormvariate(_MU, _SIGMA)) + 1, int(LONGEST_MS * taps_a_ms), LONGEST)
    yield Frame(0, 0, 1, final=False)
    at = 0
    count = 1
    while count < length:
        at += int(200 + 800 * rng.random())
        count = min(length, 1 + int(at * taps_a_ms))
        if rng.random() >= faults.dropped:
            overtaken = 2_500 if rng.random() < faults.reordered else 0
            yield Frame(at, at + overtaken, count, final=False)
    yield from _finals(rng, faults, at + CLOSES_AFTER_MS, length)


def _finals(rng: random.Random, faults: Faults, at: int, length: int) -> Iterator[Frame]:
    if rng.random() >= faults.lost_finals:
        yield Frame(at, at, length, final=True)
        if rng.random() < faults.resent_finals:
            yield Frame(at, at + int(RESENT_WITHIN_MS * rng.random() ** 3), length, final=True)
