"""Weighted draws by the chunk, because one draw at a time is what a load generator spends its time on."""

import random
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, Generic, TypeVar

T = TypeVar("T")

CHUNK: Final = 1024


def zipf(count: int, exponent: float) -> list[float]:
    """Return the weights of ranks 1 to `count`: rank^-exponent."""
    return [rank**-exponent for rank in range(1, count + 1)]


class Draw(Generic[T]):
    """Draws of `items` with replacement, by weight."""

    __slots__ = ("_chunk", "_cumulative", "_items", "_rng")

    def __init__(self, rng: random.Random, items: Sequence[T], weights: Iterable[float]) -> None:
        self._rng = rng
        self._items = items
        self._cumulative = list(accumulate(weights))
        self._chunk: list[T] = []

    def __call__(self) -> T:
        """Return the next."""
        if not self._chunk:
            self._chunk = self._rng.choices(self._items, cum_weights=self._cumulative, k=CHUNK)
        return self._chunk.pop()
