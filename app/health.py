"""Whether the worker lives and is ready, as values: asked by the HTTP service, told by the worker."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

STALL_SECONDS: Final = 15.0
BEAT_SECONDS: Final = 1.0


@dataclass
class Health:
    """The heartbeat of the event loop, and readiness: from the end of a recovery until partitions move again.

    Readiness is told, never derived from what the worker happens to be doing: right after the start nothing is moving
    yet, and nothing is recovered either. Kafka's absence makes a worker neither dead nor unready: restarting it would
    not help.
    """

    clock: Callable[[], float] = time.monotonic
    stall_seconds: float = STALL_SECONDS
    why: str = "starting"
    ready: bool = False
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._last = self.clock()

    def beat(self) -> None:
        """Tell that the event loop turns."""
        self._last = self.clock()

    def waiting(self, why: str) -> None:
        """Tell what readiness waits for, such as `recovering the state`. It is not ready until `recovered`."""
        self.ready, self.why = False, why

    def recovered(self) -> None:
        """Tell that a recovery has ended: all owned partitions are counting."""
        self.ready, self.why = True, ""

    def stalled(self) -> str | None:
        """Return why the worker counts as dead, or None while it lives."""
        silent = self.clock() - self._last
        if silent <= self.stall_seconds:
            return None
        return f"the event loop has not turned for {silent:.0f} s (at most {self.stall_seconds:.0f} s)"
