"""Names for streaks to which the platform gave none."""

from dataclasses import dataclass
from typing import Final

IDLE_MS: Final = 5_000
KEPT_MS: Final = 600_000
KEPT: Final = 20_000


@dataclass(slots=True)
class _Run:
    name: str
    count: int
    at_ms: int
    ended: bool


class GrouplessStreaks:
    """Tells apart the streaks of the same gift by the same sender, by the frames in the order in which they come.

    A new one begins 5 s or more after the last frame, if that closed the streak or the count has not grown
    (section 1.5 of reference/gifts.md); or after 10 min. It is named by the event time of its first frame, so the
    same lines give the same names. Holds at most 20,000 streaks.
    """

    def __init__(self) -> None:
        self._runs: dict[tuple[str | None, ...], _Run] = {}

    def name(self, key: tuple[str | None, ...], count: int, at_ms: int, *, ended: bool) -> str:
        """Return the streak that a frame belongs to. `key`: stream, sender, recipient and gift."""
        run = self._runs.pop(key, None)
        if run is None or _begins(run, count, at_ms):
            run = _Run(f"t{at_ms}", count, at_ms, ended)
        run.count = max(run.count, count)
        run.at_ms = max(run.at_ms, at_ms)
        run.ended |= ended
        self._runs[key] = run
        if len(self._runs) > KEPT:
            del self._runs[next(iter(self._runs))]
        return run.name


def _begins(run: _Run, count: int, at_ms: int) -> bool:
    idle_ms = at_ms - run.at_ms
    return idle_ms > KEPT_MS or (idle_ms > IDLE_MS and (run.ended or count <= run.count))
