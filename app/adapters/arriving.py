"""Items that come from a blocking source, such as lines of a pipe, while the event loop goes on sending."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from threading import Semaphore, Thread
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T")

AHEAD: Final = 1_000
"""So many items at most are read before they are asked for."""


class _End(NamedTuple):
    error: Exception | None


async def arriving(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items as they come, in order; raise what iterating them raises.

    They are read by a daemon thread, so that a read that never returns holds up neither the loop nor its end. Stdin
    should be opened anew for it, `open(0, "rb", closefd=False)`: at exit Python locks the `sys.stdin` of its own.
    """
    queue: asyncio.Queue[T | _End] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    permits = Semaphore(AHEAD)

    def put(item: T | _End) -> None:
        with suppress(RuntimeError):  # the loop has ended first
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def read() -> None:
        error = None
        try:
            for item in items:
                permits.acquire()
                put(item)
        except Exception as raised:
            error = raised
        put(_End(error))

    Thread(target=read, name="arriving", daemon=True).start()
    while not isinstance(item := await queue.get(), _End):
        permits.release()
        yield item
    if item.error:
        raise item.error
