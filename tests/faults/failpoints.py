"""Named places on an event's way through the engine at which a worker can be made to die or to stand still.

The engine has no hooks: `install` wraps its methods in the process of `tests.faults.worker`. A name that is gone fails
at once, and a scenario whose point is never passed fails as one that injured nothing. The points of a batch and of a
run are passed by those only that stand for events whose boards are not published: whoever dies at another one has
nothing to lose, and whoever sleeps there has nothing to be late with.
"""

import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any, Final

from aiokafka.conn import AIOKafkaConnection
from aiokafka.producer.sender import SendProduceReqHandler
from aiokafka.protocol.produce import ProduceRequest

from app.engine.app import EngineApp
from app.engine.commit import Commit, decode_commit
from app.engine.partition import Partition
from app.engine.producer import FencedProducer
from app.engine.reader import LogReader
from app.engine.rows import Rows
from app.engine.table import StateTable
from app.engine.takeover import ChangelogPartition
from tests.faults.journal import Journal
from tests.faults.wrapping import Method, wrap

POINTS: Final = (
    "batch_folded",  # a fetched batch is folded, nothing of it is written yet
    "dead_letters_acked",  # dead letters are durable, the run they belong to is not sent
    "run_sent",  # the run's bytes are written to the socket
    "run_kept",  # the broker's answer to a run has come, and was not looked at
    "run_acked",  # the run is durable, its boards are not published
    "boards_published",  # the boards are acknowledged, nobody knows yet, the group's offset is not committed
    "fenced",  # the fence row is durable, nothing is recovered
    "row_read",  # a changelog row was applied during recovery
    "revoked",  # partitions were given back, the group rebalances
    "reassigned",  # partitions are assigned again to a worker that owned some before
)

_sends_run: ContextVar[bool] = ContextVar("sends_run", default=False)
"""Whether the sender is busy with a batch of the changelog that is a run, not a fence row."""


class Failpoints:
    """Counts how often each point is passed, and acts when it is the time asked for."""

    def __init__(self, journal: Journal, die_at: Mapping[str, int], stop_at: Mapping[str, int]) -> None:
        if unknown := (die_at.keys() | stop_at.keys()) - {*POINTS, "half_run"}:
            raise ValueError(f"there is no point {sorted(unknown)}")
        self._journal = journal
        self._die_at = die_at
        self._stop_at = stop_at
        self._passed: Counter[str] = Counter()
        self._is_late = False
        self._runs: set[tuple[str, int]] = set()
        self._unpublished: set[tuple[str, int]] = set()

    def passed(self, point: str) -> None:
        """The point is passed once more: perhaps the process ends here, or stands still until SIGCONT."""
        self._passed[point] += 1
        if self._passed[point] == self._die_at.get(point):
            self._journal.write("died", point=point)
            os.kill(os.getpid(), signal.SIGKILL)
        if self._passed[point] == self._stop_at.get(point):
            self._journal.write("stopped", point=point)
            os.kill(os.getpid(), signal.SIGSTOP)
            self._is_late = True
        elif self._is_late and point == "run_acked":
            self._journal.write("late_run")

    def install(self) -> None:
        """Wrap the places in the engine."""
        self._wrap_run()
        self._wrap_outputs()
        self._wrap_wire()
        self._wrap_takeover()

    def _wrap_run(self) -> None:
        @wrap(Partition, "fold")
        def _(fold: Method) -> Method:
            async def folded(partition: Partition, run: Any) -> None:
                await fold(partition, run)
                if partition.machine.mark() < partition.position:
                    self.passed("batch_folded")

            return folded

        @wrap(ChangelogPartition, "append")
        def _(append: Method) -> Method:
            async def appended(log: ChangelogPartition, rows: Rows, now_ms: int) -> Any:
                place = (log._topic, log._number)
                if not _has_news(rows):
                    return await append(log, rows, now_ms)
                self._runs.add(place)
                try:
                    offset = await append(log, rows, now_ms)
                finally:
                    self._runs.discard(place)
                self._unpublished.add(place)
                self.passed("run_acked")
                return offset

            return appended

    def _wrap_outputs(self) -> None:
        @wrap(ChangelogPartition, "publish")
        def _(publish: Method) -> Method:
            async def published(log: ChangelogPartition, outputs: Any, now_ms: int) -> None:
                await publish(log, outputs, now_ms)
                place = (log._topic, log._number)
                if any("dead-letter" in output.topic for output in outputs):
                    self.passed("dead_letters_acked")
                elif place in self._unpublished:
                    self._unpublished.discard(place)
                    self.passed("boards_published")

            return published

    def _wrap_wire(self) -> None:
        @wrap(SendProduceReqHandler, "do")
        def _(do: Method) -> Method:
            async def done(handler: Any, node_id: int) -> None:
                token = _sends_run.set(any((tp.topic, tp.partition) in self._runs for tp in handler._batches))
                try:
                    await do(handler, node_id)
                finally:
                    _sends_run.reset(token)

            return done

        @wrap(AIOKafkaConnection, "send")
        def _(send: Method) -> Method:
            def sent(connection: Any, request: Any, expect_response: bool = True) -> Any:
                answer = send(connection, request, expect_response)
                if isinstance(request, ProduceRequest) and _sends_run.get():
                    self.passed("run_sent")
                return answer

            return sent

        @wrap(SendProduceReqHandler, "handle_response")
        def _(handle: Method) -> Method:
            def handled(handler: Any, response: Any) -> None:
                if _sends_run.get():
                    self.passed("run_kept")
                handle(handler, response)

            return handled

    def _wrap_takeover(self) -> None:
        @wrap(ChangelogPartition, "fence")
        def _(fence: Method) -> Method:
            async def fenced(log: ChangelogPartition) -> Any:
                offset = await fence(log)
                self.passed("fenced")
                return offset

            return fenced

        @wrap(LogReader, "_through")
        def _(through: Method) -> Method:
            async def counted(reader: LogReader, topic: str, upto: Any) -> AsyncGenerator[tuple[int, Any], None]:
                async with aclosing(through(reader, topic, upto)) as slices:
                    async for number, records in slices:
                        if topic.endswith("-changelog"):
                            for _ in records:
                                self.passed("row_read")
                        yield number, records

            return counted

        @wrap(EngineApp, "_freeze")
        def _(freeze: Method) -> Method:
            async def frozen(app: EngineApp, sender: Any = None, revoked: Any = (), **kwargs: Any) -> None:
                await freeze(app, sender, revoked, **kwargs)
                if revoked:
                    self.passed("revoked")

            return frozen

        @wrap(StateTable, "take_over")
        def _(take_over: Method) -> Method:
            async def taken_over(table: StateTable, numbers: set[int]) -> None:
                if table.owned:
                    self.passed("reassigned")
                await take_over(table, numbers)

            return taken_over


def _has_news(rows: Rows) -> bool:
    """Whether a run stands for events of which not all is published, and not for tidying up alone."""
    commit = _commit_of(rows)
    return commit.mark < commit.position


def _commit_of(rows: Rows) -> Commit:
    *_, (_, value) = rows
    return decode_commit(value or b"")


def split_runs(points: Failpoints) -> None:
    """Take the one-batch run away: rows go out in two batches, and a worker may die between them.

    It does in one that stands for events whose boards are not published: half of one that tidies up does no harm.
    """
    positions: dict[tuple[str, int], int] = {}

    @wrap(FencedProducer, "append")
    def _(append: Method) -> Method:
        async def halves(producer: Any, topic: str, partition: int, rows: Rows, now_ms: int) -> Any:
            half = len(rows) // 2
            if not half:
                return await append(producer, topic, partition, rows, now_ms)
            all_rows = list(rows)
            offset = await append(producer, topic, partition, Rows(all_rows[:half]), now_ms)
            position = _commit_of(rows).position
            if position > positions.get((topic, partition), 0) and _has_news(rows):
                points.passed("half_run")
            positions[topic, partition] = position
            await append(producer, topic, partition, Rows(all_rows[half:]), now_ms)
            return offset

        return halves
