"""The clocks that the engine reads."""

import time
from collections.abc import Callable
from typing import NamedTuple


def now_ms() -> int:
    """Return the wall clock in ms since the epoch."""
    return time.time_ns() // 1_000_000


class Clock(NamedTuple):
    """The wall clock in ms since the epoch, and a monotonic one in seconds."""

    now_ms: Callable[[], int] = now_ms
    monotonic: Callable[[], float] = time.monotonic
