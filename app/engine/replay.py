"""A topic that is read from its beginning by whoever owns it: the newest value of each key is the whole state.

Nothing is kept but in memory. The owner publishes through a fenced producer, so that an older one is refused.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from faust.types import TP

from app.engine.continuity import Continuity
from app.engine.fail_stop import FailStop, fail_stop
from app.engine.machine import Output
from app.engine.producer import FencedProducer
from app.engine.reader import ChangelogReader
from app.engine.runs import Run

FLUSH_SECONDS = 0.05


class View(Protocol):
    """What is built from the topic."""

    def apply(self, record: Any) -> None:
        """Take one record in."""

    def changed(self, now_ms: int) -> Sequence[Output]:
        """Return what to publish since the last call."""


class Replay:
    """Partition 0 of a one-partition topic, replayed into a view."""

    def __init__(
        self,
        topic: str,
        transactional_id: str,
        new_view: Callable[[], View],
        connection: dict[str, Any],
        check: Callable[[], None] = lambda: None,
        stop: FailStop = fail_stop,
    ) -> None:
        self.tp = TP(topic, 0)
        self._transactional_id = transactional_id
        self._new_view = new_view
        self._connection = connection
        self._check = check
        self._stop = stop
        self._continuity = Continuity(0)
        self._producer: FencedProducer | None = None
        self._view = new_view()
        self._caught_up_at = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        """The next offset to read."""
        return self._continuity.position

    async def take_over(self) -> None:
        """Fence the old owner, and start from the beginning of the topic."""
        await self.give_up()
        producer = FencedProducer(self._transactional_id, self._connection, self._check)
        try:
            await producer.start()
            async with ChangelogReader(self._connection) as reader:
                first, self._caught_up_at = await reader.bounds(*self.tp)
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer
        self._view = self._new_view()
        self._continuity = Continuity(first)
        self._task = asyncio.create_task(self._publish_forever(producer), name=f"replay-{self.tp.topic}")
        self._task.add_done_callback(self._ended)

    async def give_up(self) -> None:
        """Another worker owns the topic, or this one stops."""
        task, self._task = self._task, None
        if task is not None:
            task.remove_done_callback(self._ended)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def fold(self, run: Run) -> bool:
        """Take a run in. Returns True when the consumer has to be sent back to `position`."""
        if self._producer is None:
            return False
        if self._continuity.needs_seek(run):
            return True
        if self._continuity.goes_on(run):
            for record in run.records:
                if record.offset >= self.position:
                    self._view.apply(record)
            self._continuity.position = run.end
        return False

    async def _publish_forever(self, producer: FencedProducer) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if self.position < self._caught_up_at:
                continue
            now_ms = time.time_ns() // 1_000_000
            if outputs := self._view.changed(now_ms):
                await producer.publish(outputs, now_ms)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop(error)
