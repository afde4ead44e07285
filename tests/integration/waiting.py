"""Waiting for a condition instead of for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 90.0
"""Generous, because other work may share the machine; a test that passes never waits so long."""

POLL_SECONDS = 0.1


async def until(holds: Callable[[], Awaitable[T | None]], what: str, seconds: float = SECONDS) -> T:
    """Return what `holds` gives once it is true. Fails with `what` after `seconds`."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while not (found := await holds()):
        assert clock() < deadline, f"not after {seconds:.0f} s: {what}"
        await asyncio.sleep(POLL_SECONDS)
    return found
