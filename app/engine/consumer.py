"""Faust's consumer, fetching runs and seeking to the positions in the state.

`RunTransport` plugs in through `app.transport`. The thread that owns the aiokafka consumer labels each fetched run with
the stretch of log it covers, so that anything lost on the way to the fold is seen. A position outside the log is an
error, never a silent reset.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from aiokafka.consumer.fetcher import OffsetResetStrategy
from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from app.engine.batches import read_whole_batches
from app.engine.connecting import patient
from app.engine.delivery import PromptConsumer
from app.engine.errors import SourceLost
from app.engine.pace import pace
from app.engine.runs import Run

FETCH_WAIT_MS: Final = 100
"""How long a broker may wait for records. aiokafka has one fetch under way for each broker, of those partitions that it
holds no records of: what lies ready in the others is not fetched before it ends. With the 1,500 ms that Faust sets, a
partition that was behind stood still for so long once the others were read to their ends."""


def never_reset(fetcher: Any) -> None:
    """Let a partition that was not sought yet begin where its log does, and refuse any position outside the log.

    aiokafka has one setting for both, and looks for a position as soon as a partition is assigned, before anybody is
    told. The group's committed offset is not asked for: nothing is ever read from there.
    """
    update = fetcher._update_fetch_positions

    async def update_from_the_beginning(assignment: Any, node_id: int, tps: Iterable[TopicPartition]) -> Any:
        for tp in tps:
            state = assignment.state_value(tp)
            if not (state.has_valid_position or state.awaiting_reset):
                state.await_reset(OffsetResetStrategy.EARLIEST)
        return await update(assignment, node_id, tps)

    fetcher._update_fetch_positions = update_from_the_beginning
    fetcher._default_reset_strategy = OffsetResetStrategy.NONE


class RunThread(driver.AIOKafkaConsumerThread):
    """Owns the aiokafka consumer; all methods with an underscore run in its thread."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._covered: dict[TopicPartition, int] = {}

    async def on_start(self) -> None:
        await super().on_start()
        consumer = self._ensure_consumer()
        never_reset(consumer._fetcher)
        read_whole_batches(consumer)
        pace(consumer._fetcher)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Public options of aiokafka: one that Faust ties to its own transactions, and one that it does not pass on.
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return patient(consumer)

    async def _fetch_records(self, consumer: Any, active_partitions: Any, *bounds: Any, **options: Any) -> Any:
        fetched = await super()._fetch_records(consumer, active_partitions, *bounds, **options)
        return {TP(*tp): self._run(consumer, tp, records) for tp, records in fetched.items()}

    def _run(self, consumer: Any, tp: TopicPartition, records: Any) -> Run:
        state = consumer._subscription.subscription.assignment.state_value(tp)
        begin = self._covered.get(tp, records[0].offset)
        end = self._covered[tp] = state.position
        return Run(TP(*tp), begin, end, records, consumer.last_stable_offset(tp))

    async def seek_runs(self, targets: Mapping[TP, int]) -> None:
        """Seek to the given offsets."""
        await self.call_thread(self._seek_runs, targets)

    async def _seek_runs(self, targets: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in targets.items():
            plain = TopicPartition(*tp)
            if plain in assigned:
                consumer.seek(plain, offset)
                self._covered[plain] = offset

    async def ends(self) -> Mapping[TP, tuple[int, int, int | None]]:
        """Per partition: where the last run ended, where the fetch is, and the end of the log as last heard.

        The fetch is ahead of the last run by what a reader may not see: control records and aborted ones.
        """
        ends: Mapping[TP, tuple[int, int, int | None]] = await self.call_thread(self._ends)
        return ends

    async def _ends(self) -> Mapping[TP, tuple[int, int, int | None]]:
        consumer = self._ensure_consumer()
        subscription = consumer._subscription.subscription
        if subscription is None or subscription.assignment is None:
            return {}
        found = {}
        for tp, begin in self._covered.items():
            if tp in subscription.assignment.tps:
                state = subscription.assignment.state_value(tp)
                if state.has_valid_position:
                    found[TP(*tp)] = (begin, state.position, consumer.last_stable_offset(tp))
        return found

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit what is still assigned. Faust commits nothing at all just as well, which aiokafka refuses."""
        held = {tp: at for tp, at in offsets.items() if tp in self.assignment()}
        return bool(await super()._commit(held)) if held else True

    async def pause_fetching(self, tps: set[TP]) -> None:
        """Stop fetching partitions that somebody else reads."""
        await self.call_thread(self._pause_fetching, tps)

    async def _pause_fetching(self, tps: set[TP]) -> None:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        consumer.pause(*(TopicPartition(*tp) for tp in tps if TopicPartition(*tp) in assigned))


class RunConsumer(PromptConsumer):
    """Faust's consumer with runs instead of records and the state instead of committed offsets."""

    _thread: RunThread

    def _new_consumer_thread(self) -> RunThread:
        return RunThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Every seek goes to the position in the state; the group's committed offset only reports."""
        targets: Mapping[TP, int] = cast(Any, self.app).seek_targets(self.assignment())
        await self._thread.seek_runs(targets)
        return targets

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        await self._thread.pause_fetching({tp for tp in assigned if self._is_changelog_tp(tp)})
        await super().on_partitions_assigned(assigned, generation_id)

    def on_buffer_full(self, tp: TP) -> None:
        """Keep the partition active: a full queue blocks its putter, and pausing here costs a second."""

    async def _getmany(self, *bounds: Any, **options: Any) -> Any:
        try:
            return await super()._getmany(*bounds, **options)
        except OffsetOutOfRangeError as error:
            cast(Any, self.app).stop_worker(
                SourceLost(
                    f"the source log no longer holds the next record to read ({error}): retention or truncation took "
                    "it; start the worker again: it says what is left of the log, and the ways to go on"
                )
            )

    async def ends(self) -> Mapping[TP, tuple[int, int, int | None]]:
        """See `RunThread.ends`."""
        return await self._thread.ends()

    async def report(self, positions: Mapping[TP, int]) -> None:
        """Commit offsets to the group, for those who watch its lag. Nothing is ever read from there."""
        await self._thread.commit(positions)


class PatientProducer(driver.Producer):
    """Faust's producer. It sends nothing here, and still must not end the worker by its start."""

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        return patient(super()._new_producer(transactional_id))


class RunTransport(driver.Transport):
    """aiokafka driver with the run consumer."""

    Consumer = RunConsumer
    Producer = PatientProducer
