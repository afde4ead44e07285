"""How a run gets from the fetch to its agent: at once, if the agent has room for it.

For each delivery Faust makes four tasks and waits for the first of them to end. That is three turns of an event loop
whose turns may be milliseconds of counting, and all runs of a fetch are delivered one after the other.
"""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any

from faust.transport.drivers import aiokafka as driver
from mode.services import WaitResults


class Begun:
    """A coroutine that has run until it ended, or has to wait; awaiting it does the rest, in any task."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run it. Raises what it raises."""
        self._coroutine = coroutine
        self._waits_for: Any = None
        self.ended = False
        self.result: Any = None
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as end:
            self.ended, self.result = True, end.value

    def __await__(self) -> Generator[Any, Any, Any]:
        if self.ended:
            return self.result
        waits_for = self._waits_for
        try:
            while True:
                try:
                    got = yield waits_for
                except BaseException as error:
                    waits_for = self._coroutine.throw(error)
                else:
                    waits_for = self._coroutine.send(got)
        except StopIteration as end:
            return end.value


class PromptConsumer(driver.Consumer):
    """A Faust consumer whose `_drain_messages` waits here for a delivery, or for the flow to be suspended."""

    async def sleep(self, n: Any) -> None:
        """Sleep for `n` seconds, or until the service is stopped. 0 is one turn of the loop, and not three."""
        await (super().sleep(n) if n else asyncio.sleep(0))

    async def wait_first(self, *awaited: Any, timeout: Any = None) -> WaitResults:  # noqa: ASYNC109 - as in mode
        """Return when one has ended; without waiting if it is a delivery that does at once.

        `wait` comes here, too, with one event or coroutine.
        """
        if len(awaited) != 2:
            return await super().wait_first(*awaited, timeout=timeout)
        delivery, suspended = awaited
        begun = Begun(delivery)
        if not begun.ended:
            return await super().wait_first(begun, suspended, timeout=timeout)
        suspended.close()
        return WaitResults([delivery], [begun.result], False)
