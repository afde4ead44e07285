"""Memory of a process whose state is millions of long-lived objects: looked through seldom, given back if free."""

import ctypes
import gc
import sys
from typing import Final

YOUNG: Final = 1
"""The generations of the collector up to this one hold what was made lately, and nothing of an old state."""


def tune() -> None:
    """Have the collector look through the state seldom. Called once, before there is any."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 200, 100)


def give_back() -> None:
    """Return to the system what a takeover needed for a moment, and what was fetched for positions of before.

    Closed clients and dropped fetches, with all that they had read, hang in reference cycles. These are looked for
    among young objects only, so this is to be called when they are dropped: what is still held then is young no more.
    To look for garbage in the whole state takes up to 4 us a row: with a million rows the process would stand still
    for as long as `StallWatch` allows.
    """
    gc.collect(YOUNG)
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
