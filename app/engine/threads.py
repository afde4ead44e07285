"""How two threads share one interpreter: the event loop's, which computes, and Faust's consumer's, which fetches."""

import sys
from typing import Final

SWITCH_SECONDS: Final = 0.0005
"""How long a thread that computes keeps another waiting.

A fetch takes the consumer's thread some ten short steps, and each has to wait that long while gifts are counted. With
the 5 ms that are Python's default, records lie unread for longer than a flush takes.
"""


def share() -> None:
    """Let threads take turns often. Called once."""
    sys.setswitchinterval(SWITCH_SECONDS)
