"""Connecting over a network that drops connections: that one was cut is no reason to stop a worker."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from aiokafka.errors import KafkaError

PATIENCE_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 0.2


async def connected(start: Callable[[], Awaitable[None]], patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Call a client's `start` until it succeeds. It must be one that may be called again after it failed.

    Raises the KafkaError at once if it is not one that passes, and the last one when the patience is over.
    """
    until = time.monotonic() + patience_seconds
    while True:
        try:
            return await start()
        except KafkaError as error:
            if not _passes(error) or time.monotonic() > until:
                raise
        await asyncio.sleep(PAUSE_SECONDS)


def patient(client: Any) -> Any:
    """Return a client whose `start`, that somebody else calls, does so."""
    client.start = partial(connected, client.start)
    return client


def _passes(error: KafkaError) -> bool:
    """Whether it may be gone at the next try. aiokafka's producer says so of the cause only (0.14.0)."""
    cause = error.__cause__ if type(error) is KafkaError else error
    return isinstance(cause, KafkaError) and bool(cause.retriable)
