"""How late things are seen: marks that rise, when they were asked for, and when one at least as high was seen."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

Mark = tuple[str, int, float]
"""A key, a number that rises for it, and a time in seconds."""

Percentiles = tuple[float, float, float]
"""The 50th, the 99th and the 99.9th, in ms."""


def latencies(asked: Iterable[Mark], seen: Iterable[Mark]) -> tuple[list[float], int]:
    """Return after how many seconds each mark was covered by the first seen one of its key, and how many never were.

    Both must be in the order of time.
    """
    asked_of: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for key, mark, at in asked:
        asked_of[key].append((mark, at))
    waiting = {key: iter(marks) for key, marks in asked_of.items()}
    next_of = {key: next(marks) for key, marks in waiting.items()}
    found: list[float] = []
    for key, mark, at in seen:
        one = next_of.get(key)
        while one is not None and one[0] <= mark:
            found.append(at - one[1])
            one = next(waiting[key], None)
            if one is None:
                del next_of[key]
            else:
                next_of[key] = one
    return found, sum(map(len, asked_of.values())) - len(found)


def percentiles_ms(seconds: Sequence[float]) -> Percentiles:
    """Return the median, the 99th and the 99.9th percentile in ms."""
    cuts = statistics.quantiles(seconds, n=1000, method="inclusive")
    p50, p99, p999 = (round(1000 * cuts[at], 1) for at in (499, 989, 998))
    return p50, p99, p999
