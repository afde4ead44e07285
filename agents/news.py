"""What the partials topic tells that is new: how many gifts, how new, and what they are worth.

Measured, not published: on it rest the figures of the whole platform, which no single partition has.
"""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.partial import Partial, Progress


class Given(NamedTuple):
    """What was given in one unit: value in native units, and sends."""

    value: int
    sends: int


class Merged(NamedTuple):
    """What was published at once: so many values and tombstones, with `gifts` newly counted, worth `given` by unit.

    The newest of the gifts is from `newest_ms`, a watermark. All is 0 where a new owner published what it found.
    """

    values: int
    tombstones: int
    gifts: int
    newest_ms: int
    given: Mapping[str, Given]


class News:
    """Adds up what is new between two calls of `take`. What is told before the first one was there already."""

    def __init__(self) -> None:
        self._counted: dict[int, int] = {}
        self._days: dict[str, Given] = {}
        self._known = False
        self._gifts = self._newest_ms = 0
        self._given: dict[str, Given] = {}

    def progress(self, told: Progress) -> None:
        """Take in how far a partition is."""
        before, counted = self._counted.get(told.partition, 0), told.ledger.counted
        if counted > before:
            self._counted[told.partition] = counted
            self._gifts += counted - before
            self._newest_ms = max(self._newest_ms, told.watermark_ms)

    def partial(self, key: str, told: Partial | None) -> None:
        """Take in a partition's board. Every gift is on that of its day over all regions, and on one such only.

        Only what is above the highest told before is new: a rebuilt board may tell of less, and so may one that another
        owner has published late.
        """
        if told is None:
            self._days.pop(key, None)
        elif told.scope == "global" and told.window.name == "1d":
            before = self._days.get(key, Given(0, 0))
            highest = self._days[key] = Given(max(before.value, told.value), max(before.sends, told.sends))
            value, sends = self._given.get(told.unit, Given(0, 0))
            self._given[told.unit] = Given(value + highest.value - before.value, sends + highest.sends - before.sends)

    def take(self, values: int, tombstones: int) -> Merged:
        """Return what is new, with how many values and tombstones are about to be published."""
        merged = Merged(values, tombstones, self._gifts, self._newest_ms, self._given)
        self._clear()
        if not self._known:
            self._known = True
            return Merged(values, tombstones, 0, 0, {})
        return merged

    def _clear(self) -> None:
        self._gifts = self._newest_ms = 0
        self._given = {}
