"""What lies between a process and the broker: requests take their time, get lost, and outlive who sent them."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.faults.simulation.loop import VirtualLoop

REQUEST_TIMEOUT: Final = 0.3
"""Seconds until a request without an answer counts as lost."""


class Lost(Exception):
    """No answer came: the request was done, or not, or is still on its way."""


@dataclass
class Weather:
    """How likely it is (0 to 1) that a request or its answer is lost, and how slow (seconds) they are at most."""

    loses: float = 0.0
    slowest: float = 0.005
    stalls: float = 0.0

    def calm(self) -> None:
        self.loses = self.stalls = 0.0
        self.slowest = 0.002


class Network:
    """Carries requests. What was sent arrives, or not, whatever becomes of the sender."""

    def __init__(self, loop: VirtualLoop, random: Random, weather: Weather) -> None:
        self.weather = weather
        self._loop = loop
        self._random = random

    async def request(self, action: Callable[[], Any]) -> Any:
        """Have the broker do something; return what it answers, or raise that, or Lost."""
        answered: asyncio.Future[Any] = self._loop.create_future()
        if self._happens(self.weather.loses):
            await asyncio.sleep(REQUEST_TIMEOUT)
            raise Lost
        self._after(lambda: self._arrives(action, answered))
        patience = self._loop.call_later(REQUEST_TIMEOUT, _answer, answered, None, Lost())
        try:
            return await answered
        finally:
            patience.cancel()

    def _arrives(self, action: Callable[[], Any], answered: "asyncio.Future[Any]") -> None:
        try:
            answer, error = action(), None
        except Exception as raised:
            answer, error = None, raised
        if not self._happens(self.weather.loses):
            self._after(lambda: _answer(answered, answer, error))

    def _after(self, action: Callable[[], None]) -> None:
        delay = self._random.random() * self.weather.slowest
        if self._happens(self.weather.stalls):
            delay += self._random.random() * 3 * REQUEST_TIMEOUT
        self._loop.call_later(delay, action, context=Context())

    def _happens(self, likely: float) -> bool:
        return likely > 0 and self._random.random() < likely


def _answer(answered: "asyncio.Future[Any]", answer: Any, error: Exception | None) -> None:
    if answered.done():
        return
    if error is None:
        answered.set_result(answer)
    else:
        answered.set_exception(error)
