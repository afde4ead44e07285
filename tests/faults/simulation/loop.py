"""An event loop without a real clock: time passes when nothing is left to do, and a seed picks who goes on.

Every step belongs to the process in whose context it was scheduled (`PROCESS`). A process can stand still: its steps
wait. It is told before each step, so that it can die there: between any two awaits.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from itertools import count
from random import Random
from typing import Any, Final, Protocol, TypeVar

from tests.agents.fake_kafka import Time

T = TypeVar("T")

STEPS: Final = 400_000
"""More than any sequence takes: whoever needs so many does not come to an end."""

UNWINDING_STEPS: Final = 20_000


class Process(Protocol):
    """What the loop has to know of a process. `paused`: it gets no time."""

    @property
    def paused(self) -> bool: ...

    def born(self, task: "asyncio.Task[Any]") -> None:
        """The process has a new task."""

    def about_to_step(self) -> None:
        """One of its steps comes next."""


PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)


_Loop: Any = asyncio.AbstractEventLoop
"""Only what the engine uses of it is there."""


class NeverEnds(Exception):
    """Nothing is left that could happen, or too much happens."""


class VirtualLoop(_Loop):  # type: ignore[misc]
    """Runs a coroutine to its end. `in_order`: first come, first served, as asyncio does; else the seed picks."""

    def __init__(self, random: Random, clock: Time, in_order: bool) -> None:
        """`clock` is moved along."""
        self.steps = 0
        self._limit = STEPS
        self.unhandled: list[str] = []
        self._random = random
        self._clock = clock
        self._now = clock.ms / 1000
        self._in_order = in_order
        self._ready: list[tuple[asyncio.Handle, Context]] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Context]] = []
        self._numbers = count()

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run the coroutine, and whatever it starts, until it returns."""
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(main)
            while not task.done():
                self._step()
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def end(self) -> None:
        """Cancel whatever is left, and let it unwind."""
        self._limit = self.steps + UNWINDING_STEPS
        asyncio._set_running_loop(self)
        try:
            tasks = asyncio.all_tasks(self)
            for task in tasks:
                task.cancel()
            while not all(task.done() for task in tasks):
                self._step()
        finally:
            asyncio._set_running_loop(None)

    def time(self) -> float:
        return self._now

    def spend(self, seconds: float) -> None:
        """Let time pass within a step."""
        self._pass_to(self._now + seconds)

    def _pass_to(self, now: float) -> None:
        self._now = max(self._now, now)
        self._clock.ms = int(self._now * 1000)

    def _step(self) -> None:
        self._due()
        at = self._pick()
        while at is None:
            if not self._timers:
                raise NeverEnds("nothing is left to do, and the sequence has not ended")
            self._pass_to(self._timers[0][0])
            self._due()
            at = self._pick()
        handle, context = self._ready.pop(at)
        self.steps += 1
        if self.steps > self._limit:
            raise NeverEnds(f"no end after {self._limit} steps")
        if not handle.cancelled():
            if (process := context.get(PROCESS)) is not None:
                process.about_to_step()
            handle._run()

    def _due(self) -> None:
        while self._timers and self._timers[0][0] <= self._now:
            _, _, handle, context = heapq.heappop(self._timers)
            self._ready.append((handle, context))

    def _pick(self) -> int | None:
        """Return who goes on, or None if nobody can."""
        able = [at for at, (_, context) in enumerate(self._ready) if not _stands_still(context)]
        if not able:
            return None
        return able[0] if self._in_order or len(able) == 1 else self._random.choice(able)

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        context = context or copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append((handle, context))
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        context = context or copy_context()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), handle, context))
        return handle

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[T]":
        task: asyncio.Task[T] = asyncio.Task(coro, loop=self, name=name, context=context)
        process = PROCESS.get() if context is None else context.get(PROCESS)
        if process is not None:
            process.born(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            self.unhandled.append(f"{context.get('message')}: {error!r}")

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return asyncio._get_running_loop() is self

    def is_closed(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is passed over when it is due."""


def _stands_still(context: Context) -> bool:
    process = context.get(PROCESS)
    return process is not None and process.paused
