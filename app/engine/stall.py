"""The watch for a process that stood still: stopped, swapped out, or its machine asleep.

A thread of its own looks at the clock. When it finds that it did not run for half the session timeout, the
partitions may have another owner by now: the process ends before it sends anything. (The fence at the broker is what
protects the state; this only keeps a sleeper from finding out the hard way.)
"""

import threading
import time
from collections.abc import Callable

from app.engine.errors import Stalled
from app.engine.fail_stop import FailStop, fail_stop


class StallWatch:
    """Ends the process when it stood still for longer than `limit_seconds`."""

    def __init__(
        self,
        limit_seconds: float,
        stop: FailStop = fail_stop,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit_seconds
        self._stop = stop
        self._monotonic = monotonic
        self._seen = monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stall-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._seen = self._monotonic()
        self._thread.start()

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()

    def check(self) -> None:
        """Raise Stalled if the process has just stood still. Called before anything is sent."""
        gap = self._monotonic() - self._seen
        if gap > self._limit and self._thread.is_alive():
            raise Stalled(
                f"the process stood still for {gap:.1f} s, at most {self._limit:.1f} s (half the session timeout) are "
                "safe: its partitions may have another owner; start it again"
            )

    def look(self) -> None:
        """Check, and remember that the process runs."""
        self.check()
        self._seen = self._monotonic()

    def _watch(self) -> None:
        while not self._ended.wait(self._limit / 8):
            try:
                self.look()
            except Stalled as error:
                self._stop(error)
