"""Whose turn it is to flush, where the partitions of a worker share one event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

AT_ONCE: Final = 2
"""Flushes under way: one computes while the other waits for an ack."""

PATIENCE_SECONDS: Final = 0.05
"""A partition waits no longer than that, so that a slow broker with many partitions flushes them side by side."""


class Turns:
    """Lets a few partitions flush at a time, each from its cut to its last ack, in the order they come.

    A flush is some milliseconds of computing, cut up by acks. With all partitions' flushes under way each of them takes
    as long as all together, and the boards are as old. One that waits for its turn has not cut yet: what is counted
    meanwhile is in its boards, too.
    """

    def __init__(self, at_once: int = AT_ONCE, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._patience_seconds = patience_seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, or for so long, and give it back in the end."""
        taken = await self._take()
        try:
            yield
        finally:
            if taken:
                self._free.release()

    async def _take(self) -> bool:
        """Return whether there was a turn. Without waiting if one is free."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self._free.acquire()
        except TimeoutError:
            return False
