"""Memory of a process whose state is millions of long-lived objects: looked through seldom, given back if free."""

import ctypes
import gc
import sys


def tune() -> None:
    """Have the collector look through the state seldom. Called once, before there is any."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def give_back() -> None:
    """Return to the system what a takeover needed for a moment: reading takes large buffers.

    Garbage is left to the collector. To look for it here would go through the whole state, 4 us a row: with a million
    rows the process would stand still for as long as `StallWatch` allows.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
