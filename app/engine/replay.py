"""A topic that is read from its beginning by whoever owns it: the newest value of each key is the whole state.

Nothing is kept but in memory. The owner publishes through a fenced producer, so that an older one is refused.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from faust.types import TP

from app.engine.changelog import REPLACED_KEY, replaced
from app.engine.clock import now_ms
from app.engine.continuity import Continuity
from app.engine.errors import UnexpectedOffset
from app.engine.fail_stop import FailStop, fail_stop
from app.engine.machine import Output
from app.engine.producer import FencedProducer
from app.engine.reader import LogReader
from app.engine.runs import Run

FLUSH_SECONDS = 0.05


class View(Protocol):
    """What is built from the topic."""

    def fence(self) -> Output:
        """Return a record for the published topic that tells its readers nothing."""

    def remember(self, record: Any) -> None:
        """Take in what an earlier owner published, before anything else."""

    def apply(self, record: Any) -> None:
        """Take one record in."""

    def changed(self, now_ms: int) -> Sequence[Output]:
        """Return what to publish since the last call."""

    def published(self) -> None:
        """That is acknowledged."""


class Replay:
    """Partition 0 of a one-partition topic, replayed into a view that is published on partition 0 of another.

    The new owner first publishes a record that says nothing: from then on the broker refuses older owners there. Then
    it reads what is published, so that nothing it says is older.
    """

    def __init__(
        self,
        topic: str,
        published: str,
        transactional_id: str,
        new_view: Callable[[], View],
        connection: dict[str, Any],
        check: Callable[[], None] = lambda: None,
        stop: FailStop = fail_stop,
    ) -> None:
        self.tp = TP(topic, 0)
        self._published = published
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
            view = self._new_view()
            await producer.publish([view.fence()], now_ms())
            reader = LogReader(self._connection)
            first, self._caught_up_at = await reader.bounds(*self.tp)
            end = await reader.replay(self._published, 0, view.remember)
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer
        self._view = view
        self._continuity = Continuity(first)
        self._task = asyncio.create_task(self._publish_forever(producer, end), name=f"replay-{self.tp.topic}")
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
        """Take a run in. Returns True when the consumer has to be sent back to `position`.

        Raises Replaced, before anything was published, if another app id has taken the place of this one.
        """
        if self._producer is None:
            return False
        if self._continuity.needs_seek(run):
            return True
        if self._continuity.goes_on(run):
            for record in run.records:
                if record.key == REPLACED_KEY:
                    raise replaced(record.value)
                if record.offset >= self.position:
                    self._view.apply(record)
            self._continuity.position = run.end
        return False

    async def _publish_forever(self, producer: FencedProducer, end: int) -> None:
        """Publish what changed each interval, once everything that was in the topic at first has been taken in."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if self.position < self._caught_up_at:
                continue
            at_ms = now_ms()
            if outputs := self._view.changed(at_ms):
                base = await producer.publish(outputs, at_ms)
                if base not in (end, -1):
                    raise UnexpectedOffset(
                        f"{self._published}[0]: a board was kept at {base} instead of {end}; another application "
                        "writes there: make sure that none does, and start the worker again"
                    )
                end += len(outputs)
                self._view.published()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop(error)
