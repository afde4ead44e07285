"""A histogram that takes many equal observations in one call, which the library's does not."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class _Child:
    """The observations under one label value."""

    __slots__ = ("counts", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.total = 0.0


class Weighted(Collector):
    """Seconds in buckets, by one label whose values are all there from the start.

    For the share of gifts that was slow: a run of thousands weighs as much as its gifts, not as one. Written and read
    in one thread, so it needs no lock.
    """

    def __init__(
        self,
        name: str,
        meaning: str,
        label: str,
        values: Sequence[str],
        bounds: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._name, self._meaning, self._label = name, meaning, label
        self._bounds: Final = (*bounds, float("inf"))
        self._children: Final = {value: _Child(len(self._bounds)) for value in values}
        registry.register(self)

    def observe(self, value: str, seconds: float, weight: int) -> None:
        """Count `weight` observations of so many seconds under the label `value`."""
        child = self._children[value]
        child.counts[bisect_left(self._bounds, seconds)] += weight
        child.total += seconds * weight

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the family, as the registry asks for it."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=[self._label])
        names = [floatToGoString(bound) for bound in self._bounds]  # type: ignore[no-untyped-call]
        for value, child in self._children.items():
            buckets = list(zip(names, map(float, accumulate(child.counts)), strict=True))
            family.add_metric([value], buckets, child.total)
        yield family
