"""How far a rebuild is: a line or a JSON object now and then."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

EVERY_SECONDS: Final = 2.0

Tell = Callable[["Counted"], None]


@dataclass(frozen=True, slots=True)
class Counted:
    """`records` of `of` offsets are counted; `per_second` since this process began, `seconds_left` None if unknown."""

    phase: ClassVar[str] = "counting"
    done: ClassVar[str] = "counted"

    records: int
    of: int
    per_second: float
    seconds_left: float | None

    def __str__(self) -> str:
        left = "" if self.seconds_left is None else f", {_duration(self.seconds_left)} left"
        return f"{self.records:,} of {self.of:,} records {self.done}, {self.per_second:,.0f} a second{left}"

    def as_dict(self) -> dict[str, Any]:
        return {"phase": self.phase, **asdict(self)}


class Pace:
    """Works out how fast it goes, from offsets counted at two times."""

    def __init__(
        self,
        starts: Mapping[int, int],
        monotonic: Callable[[], float] = time.monotonic,
        kind: type[Counted] = Counted,
    ) -> None:
        """`starts`: where the log of each partition begins. `kind`: what is done with it."""
        self._starts = starts
        self._kind = kind
        self._monotonic = monotonic
        self._first: tuple[float, int] | None = None
        self._told: float | None = None

    def due(self, positions: Mapping[int, int], ends: Mapping[int, int]) -> Counted | None:
        """Return how far it is, or None if that was told just now. Partitions without a position count as not begun."""
        now = self._monotonic()
        if self._told is not None and now - self._told < EVERY_SECONDS:
            return None
        self._told = now
        begun = self._starts.items()
        records = sum(max(0, positions.get(number, start) - start) for number, start in begun)
        of = max(records, sum(ends[number] - start for number, start in begun))
        return self._counted(now, records, of)

    def _counted(self, now: float, records: int, of: int) -> Counted:
        if self._first is None:
            self._first = now, records
        since, before = self._first
        rate = (records - before) / (now - since) if now > since else 0.0
        return self._kind(records, of, round(rate, 1), round((of - records) / rate, 1) if rate else None)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
