"""What the worker tells its metrics and its health: after each run, and once a second what it owns."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count as numbers
from operator import itemgetter

from agents.domain.messages import Message
from agents.gifts import Acked, GiftMachine
from agents.news import Merged
from app.engine.app import EngineApp
from app.engine.partition import Partition
from app.engine.table import StateTable
from app.health import Health
from app.metrics import Children, Metrics
from app.pipeline import Watcher
from app.self_check import SelfCheck
from app.settings import Settings
from app.topology import topology

EVERY_SECONDS = 1.0
SIZES_EVERY = 15
"""Counting rows walks through all groups, so it is done once in so many rounds, and when partitions move."""

STREAM_BOARDS = ("totals", "gifters")

_to = itemgetter(0)


class WorkerWatcher(Watcher):
    """Watches one app. Counters count what this process did; gauges show what it owns now."""

    def __init__(self, settings: Settings, metrics: Metrics, health: Health) -> None:
        self._topic = settings.source_topic
        self._changelog = topology(settings).changelog.name
        self._metrics = metrics
        self._health = health
        self._shown: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        # Bound once: to look a metric up by its labels takes longer than to count.
        self._received = metrics.received.labels(self._topic)
        self._processing = metrics.processing.labels("gifts")
        self._spikes, self._big_gifts = map(metrics.spikes.labels, ("spike", "big_gift"))
        self._self_check = SelfCheck(settings, metrics)
        self._letters, self._produce = Children(metrics.dead_letters), Children(metrics.produce)

    def start(self, app: EngineApp) -> None:
        """Begin to show what the app owns."""
        self._task = asyncio.create_task(self._show_forever(next(iter(app.state_tables()))), name="watch")

    async def stop(self) -> None:
        """Stop showing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._self_check.stop()

    def acked(self, acked: Acked) -> None:
        metrics, outcomes, rejected = self._metrics, acked.outcomes, acked.rejected
        metrics.run_folded(outcomes, rejected)
        self._received.inc(sum(outcomes.values()) + sum(rejected.values()))
        for reason, count in rejected.items():
            self._letters[reason].inc(count)
        if acked.spikes:
            self._spikes.inc(acked.spikes)
        if acked.big_gifts:
            self._big_gifts.inc(acked.big_gifts)
        self._boards_acked(acked.messages, outcomes.get("counted", 0) + outcomes.get("late", 0), acked.watermark_ms)
        self._self_check.offer(acked.messages, acked.watermark_ms)

    def _boards_acked(self, messages: Sequence[Message], gifts: int, watermark_ms: int) -> None:
        """Count the values and tombstones of each topic, of which there may be thousands."""
        told: list[str] = list(map(_to, messages))
        gone: list[str] = [to for to, _, value in messages if value is None]
        age = _age(watermark_ms)
        for board in STREAM_BOARDS:
            tombstones = gone.count(board)
            if values := told.count(board) - tombstones:
                self._metrics.boards_acked(board, "value", values)
                self._metrics.emit_latency.observe(board, age, gifts)
            if tombstones:
                self._metrics.boards_acked(board, "tombstone", tombstones)

    def merged(self, merged: Merged) -> None:
        metrics = self._metrics
        metrics.boards_acked("streams", "value", merged.values)
        metrics.boards_acked("streams", "tombstone", merged.tombstones)
        for unit, given in merged.given.items():
            metrics.given(unit, given.value, given.sends)
        if merged.values and merged.gifts:
            metrics.emit_latency.observe("streams", _age(merged.newest_ms), merged.gifts)

    def folded(self, partition: int, seconds: float) -> None:
        self._processing.observe(seconds)

    def flushed(self, partition: int, seconds: float) -> None:
        self._metrics.flush.observe(seconds)

    def sent(self, topic: str, seconds: float) -> None:
        if topic == self._changelog:
            self._metrics.commit.observe(seconds)
        else:
            self._produce[topic].observe(seconds)

    def refused(self, topic: str, error: str) -> None:
        self._metrics.produce_errors.labels(topic, error).inc()

    def recovered(self, seconds: float) -> None:
        self._metrics.recovery.observe(seconds)
        self._metrics.rebalance.labels("recover").observe(seconds)
        self._metrics.ready.set(1)
        self._health.recovered()

    def revoking(self) -> None:
        self._metrics.ready.set(0)
        self._health.waiting("partitions are moving")

    def revoked(self, seconds: float) -> None:
        self._metrics.rebalances.inc()
        self._metrics.rebalance.labels("revoke").observe(seconds)
        self._show({})

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
        if not live:
            metrics.drop_all()

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
