"""How long a message takes from the gift to the topic: section 6 of reference/gifts.md."""

import random
from typing import Final

from app.load.options import Faults

SLOWEST_MS: Final = 60_000


class Delay:
    """Draws delays in ms: mostly below 2 s, some of 2 to 10 s, few of 10 to 60 s."""

    __slots__ = ("_random", "_slow", "_very_slow", "_worst")

    def __init__(self, rng: random.Random, faults: Faults) -> None:
        self._random = rng.random
        self._very_slow = faults.very_slow
        self._slow = faults.very_slow + faults.slow
        self._worst = 1_900 if self._slow else 450

    def __call__(self) -> int:
        """Return the next."""
        share = self._random()
        if share >= self._slow:
            return int(50 + self._worst * self._random() ** 2)
        if share >= self._very_slow:
            return int(2_000 + 8_000 * self._random())
        return int(10_000 + (SLOWEST_MS - 10_000) * self._random())
