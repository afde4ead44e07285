"""What the worker tells its metrics and its health: after each run, and once a second what it owns."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import count as numbers

from agents.gifts import Acked, GiftMachine
from app.engine.app import EngineApp
from app.engine.partition import Partition
from app.engine.table import StateTable
from app.health import Health
from app.metrics import BOARDS, RESULTS, Metrics
from app.pipeline import Watcher
from app.settings import Settings

EVERY_SECONDS = 1.0
SIZES_EVERY = 15
"""Counting rows walks through all groups, so it is done once in so many rounds, and when partitions move."""


class WorkerWatcher(Watcher):
    """Watches one app. Counters count what this process did; gauges show what it owns now."""

    def __init__(self, settings: Settings, metrics: Metrics, health: Health) -> None:
        self._topic = settings.source_topic
        self._metrics = metrics
        self._health = health
        self._shown: set[int] = set()
        self._watermark_ms = 0
        self._task: asyncio.Task[None] | None = None

    def start(self, app: EngineApp) -> None:
        """Begin to show what the app owns."""
        self._task = asyncio.create_task(self._show_forever(next(iter(app.state_tables()))), name="watch")

    async def stop(self) -> None:
        """Stop showing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def acked(self, acked: Acked) -> None:
        metrics = self._metrics
        metrics.run_folded(acked.outcomes, acked.rejected)
        metrics.received.labels(self._topic).inc(sum(acked.outcomes.values()) + sum(acked.rejected.values()))
        metrics.spikes.labels("spike").inc(acked.spikes)
        metrics.spikes.labels("big_gift").inc(acked.big_gifts)
        for reason, count in acked.rejected.items():
            metrics.dead_letters.labels(reason).inc(count)
        self._watermark_ms = max(self._watermark_ms, acked.watermark_ms)
        for (board, is_gone), count in Counter((one.to, one.value is None) for one in acked.messages).items():
            if board in BOARDS:
                metrics.boards_acked(board, RESULTS[is_gone], count, _age(acked.watermark_ms))

    def merged(self, values: int, tombstones: int) -> None:
        if values:
            self._metrics.boards_acked("streams", "value", values, _age(self._watermark_ms))
        if tombstones:
            self._metrics.boards_acked("streams", "tombstone", tombstones, 0.0)

    def folded(self, partition: int, seconds: float) -> None:
        self._metrics.processing.labels("gifts").observe(seconds)

    def flushed(self, partition: int, seconds: float) -> None:
        self._metrics.commit.observe(seconds)

    def sent(self, topic: str, seconds: float) -> None:
        self._metrics.produce.labels(topic).observe(seconds)

    def refused(self, topic: str, error: str) -> None:
        self._metrics.produce_errors.labels(topic, error).inc()

    def recovered(self, seconds: float) -> None:
        self._metrics.recovery.observe(seconds)
        self._metrics.rebalance.labels("recover").observe(seconds)
        self._metrics.ready.set(1)
        self._health.recovered()

    def revoked(self, seconds: float) -> None:
        self._metrics.rebalances.inc()
        self._metrics.rebalance.labels("revoke").observe(seconds)

    def stopped(self, error: BaseException) -> None:
        self._metrics.agent_exceptions.labels("gifts", type(error).__name__).inc()

    async def _show_forever(self, table: StateTable) -> None:
        for number in numbers():
            moved = self._shown != set(table.live)
            self._show(table.live)
            if moved or number % SIZES_EVERY == 0:
                self._show_sizes(table.live.values())
            await asyncio.sleep(EVERY_SECONDS)

    def _show(self, live: Mapping[int, Partition]) -> None:
        metrics = self._metrics
        for number, partition in live.items():
            state = _machine(partition).state
            metrics.partition_at(
                self._topic, number, lag=partition.lag or 0, lag_ms=partition.lag_ms, watermark_ms=state.watermark
            )
            if state.watermark and partition.newest_ms:
                metrics.last_event.labels(self._topic).set(partition.newest_ms / 1000)
                metrics.ingest_delay.observe(max(0.0, (partition.newest_ms - state.watermark) / 1000))
        for number in self._shown - set(live):
            metrics.drop_partition(self._topic, number)
        self._shown = set(live)
        metrics.assigned.labels(self._topic).set(len(live))

    def _show_sizes(self, partitions: Iterable[Partition]) -> None:
        rows: Counter[str] = Counter()
        ids = 0
        for machine in map(_machine, partitions):
            rows.update({name: len(family) for name, family in machine.tables.items()})
            ids += machine.state.ids_held
        self._metrics.table_sizes(rows)
        self._metrics.dedup_entries.set(ids)
        self._metrics.active_streams.set(rows["engagement"])


def _machine(partition: Partition) -> GiftMachine:
    machine = partition.machine
    assert isinstance(machine, GiftMachine)
    return machine


def _age(at_ms: int) -> float:
    """Seconds since then."""
    return max(0.0, time.time() - at_ms / 1000)
