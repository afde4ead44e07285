"""A small, seeded world of gifting to try the spike detector on: what was sent, and when it was truly a spike.

Parameters are those of the simulation in gifts.md, section 4: gifters arrive at a rate that drifts (log-AR(1), sd 0.4,
tau 10 minutes), from a Zipf population; each sends a cluster of gifts, some of them streaks of many frames; prices fall
off with exponent 1.15; spikes multiply the rate for 90 s; a whale gives one gift of 44,999 and brings nobody along.
"""

from dataclasses import dataclass, field
from itertools import accumulate
from math import exp, sqrt
from random import Random
from typing import Final, NamedTuple

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
STEP: Final = 10 * SECOND
SPIKE: Final = 90 * SECOND
WHALE_GIFT: Final = 44_999

DRIFT_SD: Final = 0.4
DRIFT_TAU: Final = 10 * MINUTE
POPULATION: Final = 2_000
RANKS: Final = list(accumulate(rank**-1.2 for rank in range(1, POPULATION + 1)))
PRICES: Final = [1, 5, 10, 30, 99, 199, 500, 1_000, 5_000, 10_000, 29_999, 44_999]
PRICE_RANKS: Final = list(accumulate(price**-1.15 for price in PRICES))


class Gift(NamedTuple):
    """One counted gift: event time, when the broker appended it, and by how much it raised the totals."""

    time_ms: int
    append_ms: int
    stream_id: str
    sender_id: str
    quantity: int
    value: int


@dataclass
class Broadcast:
    """One stream's gifts in order of arrival, and the truth about them."""

    stream_id: str
    gifts: list[Gift] = field(default_factory=list)
    spikes: list[int] = field(default_factory=list)
    whales: list[int] = field(default_factory=list)


def broadcast(
    stream_id: str,
    seed: int,
    *,
    start_ms: int = 1_700_000_000_000,
    minutes: int = 120,
    per_minute: float = 5.0,
    spike_factor: float = 8.0,
    spikes: int = 2,
    whales: int = 1,
) -> Broadcast:
    """Simulate a stream. Spikes and whales lie in slots of equal length, after the first 15 minutes."""
    random = Random(seed)
    made = Broadcast(stream_id)
    slots = _slots(random, start_ms + 15 * MINUTE, start_ms + (minutes - 6) * MINUTE, spikes + whales)
    made.spikes, made.whales = sorted(slots[:spikes]), sorted(slots[spikes:])
    drift = random.gauss(0, DRIFT_SD)
    keep = exp(-STEP / DRIFT_TAU)
    for step in range(start_ms, start_ms + minutes * MINUTE, STEP):
        drift = drift * keep + random.gauss(0, DRIFT_SD * sqrt(1 - keep * keep))
        rate = per_minute * exp(drift - DRIFT_SD**2 / 2) / MINUTE
        _arrivals(random, made, step, rate, spike_factor)
    for time in made.whales:
        made.gifts.append(Gift(time, time + 500, stream_id, "whale", 1, WHALE_GIFT))
    made.gifts.sort(key=lambda gift: gift.append_ms)
    return made


def _slots(random: Random, begin: int, end: int, number: int) -> list[int]:
    """Return `number` times in random order, each in a slot of its own and 5 minutes clear of the next slot."""
    length = (end - begin) // max(1, number)
    times = [begin + slot * length + random.randrange(length - 5 * MINUTE) for slot in range(number)]
    random.shuffle(times)
    return times


def _arrivals(random: Random, made: Broadcast, step: int, rate: float, factor: float) -> None:
    """Add the gifters who arrive in one step, by thinning the highest rate there can be."""
    time = step + random.expovariate(rate * factor)
    while time < step + STEP:
        spiking = any(begin <= time < begin + SPIKE for begin in made.spikes)
        if spiking or random.random() * factor < 1:
            _cluster(random, made, int(time))
        time += random.expovariate(rate * factor)


def _cluster(random: Random, made: Broadcast, time: int) -> None:
    """Add what one gifter sends: a few gifts within seconds, cheap ones often as a streak."""
    [rank] = random.choices(range(POPULATION), cum_weights=RANKS)
    sender = f"gifter-{rank}"
    while True:
        [price] = random.choices(PRICES, cum_weights=PRICE_RANKS)
        frames = min(200, int(random.lognormvariate(1.5, 1.1)) + 1) if random.random() < 0.3 else 1
        for _ in range(frames):
            late = random.expovariate(1 / 600) if random.random() < 0.95 else random.uniform(2_000, 10_000)
            made.gifts.append(Gift(time, time + int(late), made.stream_id, sender, 1, price))
            time += random.randrange(200, 1_000)
        if random.random() < 0.6:
            return
        time += int(random.expovariate(1 / 8_000))
