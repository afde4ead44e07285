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
    """Free what a takeover leaves: given-up state and stopped clients hold each other, and reading needs large buffers.

    It looks through the whole state once, while nothing is folded anyway.
    """
    gc.collect()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
