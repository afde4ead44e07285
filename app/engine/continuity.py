"""Does a run go on where the last one ended? The guard against records lost between the log and the fold."""

from typing import Final

from app.engine.errors import SourceGap
from app.engine.runs import Run

STALE_RUNS: Final = 16
"""How many runs from before a seek may still arrive after it."""


class Continuity:
    """Where a partition is read on, and whether it was sent back there already.

    Control records and aborted ones lie inside a run, so a run covers every offset up to its end.
    """

    __slots__ = ("_stale", "position")

    def __init__(self, position: int) -> None:
        self.position = position
        self._stale: int | None = None

    def restart(self) -> None:
        """Runs are delivered from `position` on, after a seek of somebody else's."""
        self._stale = None

    def needs_seek(self, run: Run) -> bool:
        """Return True, once, when records are missing in front of the run: seek back to `position`.

        Raises SourceGap when they are still missing after that.
        """
        if run.begin <= self.position:
            if run.end > self.position:
                self._stale = None
            return False
        if self._stale is None:
            self._stale = 0
            return True
        self._stale += 1
        if self._stale > STALE_RUNS:
            raise SourceGap(
                f"{run.topic}[{run.partition}]: records {self.position} to {run.begin - 1} were not delivered, "
                "even after seeking back; start the worker again, and report this if it repeats"
            )
        return False

    def goes_on(self, run: Run) -> bool:
        """Whether the run holds the records from `position` on (older ones in it are passed over)."""
        return run.begin <= self.position < run.end
