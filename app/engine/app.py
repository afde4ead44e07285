"""The Faust app of the engine: runs, fenced state tables, fail-stop."""

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any, Final, cast

import faust
from faust.types import TP

from app.engine.assignor import WeighingAssignor
from app.engine.consumer import RunConsumer, RunTransport
from app.engine.fail_stop import FailStop, fail_stop
from app.engine.recovery import Move, TakeoverTables
from app.engine.replay import Replay
from app.engine.runs import Run, RunScheduler, RunSchema
from app.engine.stall import StallWatch
from app.engine.table import StateTable

REPORT_SECONDS: Final = 1.0
LAST_REPORT_SECONDS: Final = 5.0
"""A broker that does not answer must not hold up the end: nothing is ever read from there."""


class EngineApp(faust.App):
    """A Faust app whose agents get runs and whose tables are exact.

    Any crash of any service ends the process through `stop_worker`: a stopped worker loses nothing.
    """

    stop_worker: FailStop

    def __init__(self, id: str, *, stop: FailStop = fail_stop, **options: Any) -> None:
        self.stop_worker = stop
        self.replays: list[Replay] = []
        self.move = Move()
        self.stall_watch = StallWatch(options["broker_session_timeout"] / 2, stop)
        super().__init__(
            id,
            ConsumerScheduler=RunScheduler,
            PartitionAssignor=WeighingAssignor,
            TableManager=TakeoverTables,
            processing_guarantee="at_least_once",
            store="memory://",
            stream_wait_empty=False,
            stream_buffer_maxsize=4,
            stream_recovery_delay=0.0,
            table_standby_replicas=0,
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_auto_offset_reset="earliest",
            web_enabled=False,
            **options,
        )
        self.on_partitions_revoked.connect(self._freeze)  # type: ignore[arg-type]
        self._report: asyncio.Task[None] | None = None
        self._told: dict[TP, int] = {}

    def _new_transport(self) -> RunTransport:
        return RunTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""

    def run_topic(self, name: str) -> Any:
        """A source topic whose agent gets runs. Faust tracks no acks: the position lives in the state."""
        return self.topic(name, schema=RunSchema(), acks=False, internal=False)

    def state_table(self, name: str) -> StateTable:
        """Declare a state table; `configure` it before the app starts."""
        table = StateTable(self, name=name, key_type=bytes, value_type=bytes, recovery_buffer_size=2)
        self.tables.add(table)
        return table

    def replay(self, replay: Replay) -> Replay:
        """Declare a topic that is read from its beginning by whoever owns it."""
        self.replays.append(replay)
        return replay

    async def fold_replayed(self, replay: Replay, run: Run) -> None:
        """Hand a run to a replay. Whatever goes wrong ends the worker."""
        try:
            if await replay.fold(run):
                await self.consumer.perform_seek()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.stop_worker(error)

    def state_tables(self) -> Iterable[StateTable]:
        """The state tables among the tables."""
        return (table for table in self.tables.values() if isinstance(table, StateTable))

    def seek_targets(self, assigned: set[TP]) -> dict[TP, int]:
        """Where each assigned partition is to be read on: the position in its state, or of its replay."""
        targets = {tp: at for table in self.state_tables() for tp, at in table.positions().items()}
        targets.update({replay.tp: replay.position for replay in self.replays})
        return {tp: at for tp, at in targets.items() if tp in assigned}

    async def _freeze(self, sender: Any = None, revoked: Collection[TP] = (), **kwargs: Any) -> None:
        await self.move.abort()
        for table in self.state_tables():
            await table.freeze()
        for replay in self.replays:
            await replay.give_up()

    async def on_first_start(self) -> None:
        await super().on_first_start()
        for table in self.state_tables():
            cast(WeighingAssignor, self.assignor).weights[table.source] = await table.weigh()
        self.stall_watch.start()

    async def on_started_init_extra_tasks(self) -> None:
        await super().on_started_init_extra_tasks()
        self._report = asyncio.create_task(self._report_forever(), name="report")
        self._report.add_done_callback(self._report_ended)

    async def _report_forever(self) -> None:
        """Tell the consumer group how far it is, for those who watch its lag."""
        while not self.should_stop:
            await asyncio.sleep(REPORT_SECONDS)
            await self._pass_over()
            await self._tell_group()

    async def _tell_group(self) -> None:
        """Commit the positions of acknowledged runs, those that are new."""
        positions = {tp: at for table in self.state_tables() for tp, at in table.committed().items()}
        news = {tp: at for tp, at in positions.items() if self._told.get(tp) != at}
        if news and not self.rebalancing:
            await cast(RunConsumer, self.consumer).report(news)
            self._told.update(news)

    async def _pass_over(self) -> None:
        """Move on over what no reader may see, so that a log that ends in aborted records counts as read."""
        for tp, (begin, end, highwater) in (await cast(RunConsumer, self.consumer).ends()).items():
            for table in self.state_tables():
                if tp.topic == table.source and tp.partition in table.live:
                    table.live[tp.partition].pass_over(begin, end, highwater)

    def _report_ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stop_worker(error)

    async def on_stop(self) -> None:
        """Graceful end: the last runs go out before the partitions are given back."""
        if self._report is not None:
            self._report.cancel()
        await self._freeze()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tell_group(), LAST_REPORT_SECONDS)
        await super().on_stop()
        for table in self.state_tables():
            await table.close()
        self.stall_watch.end()

    def _crash(self, reason: BaseException) -> None:
        self.stop_worker(reason)
