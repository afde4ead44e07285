"""Fetches that are not sent on each other's heels: a gift in each of them costs more than all of them in one."""

from asyncio import CancelledError, sleep
from time import monotonic
from typing import Any, Final

PACE_SECONDS: Final = 0.025
"""Between the beginnings of two fetches from a broker: half of the usual time between flushes, which gifts wait."""


def pace(fetcher: Any, seconds: float = PACE_SECONDS) -> None:
    """Have a fetch wait until so long after the one before it began. One that waited for records is late enough.

    A broker answers as soon as there is anything, so that a fetch brings the few records of its round trip, and takes
    two threads some forty steps. The interpreter's time is what fetching and counting share.
    """
    fetch = fetcher._proc_fetch_request
    begun: dict[int, float] = {}

    async def paced_fetch(assignment: Any, node_id: int, request: Any) -> bool:
        rest = begun.get(node_id, 0.0) + seconds - monotonic()
        if rest > 0:
            try:
                await sleep(rest)
            except CancelledError:
                # The partitions were taken away, or the consumer is closed: as aiokafka ends its own.
                return False
        begun[node_id] = monotonic()
        return bool(await fetch(assignment, node_id, request))

    fetcher._proc_fetch_request = paced_fetch
