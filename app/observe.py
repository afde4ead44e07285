"""What the worker tells its metrics and its health, once a second and after each run."""

import asyncio
import time
from collections import Counter
from typing import Any

from agents.gifts import Acked, GiftMachine
from app.engine.app import EngineApp
from app.engine.table import StateTable
from app.health import Health
from app.metrics import BOARDS, Metrics
from app.settings import Settings

EVERY_SECONDS = 1.0


class Observer:
    """Watches one app. Counters count what this process did; gauges show what it owns now."""

    def __init__(self, settings: Settings, metrics: Metrics, health: Health) -> None:
        self._topic = settings.source_topic
        self._metrics = metrics
        self._health = health
        self._shown: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    def watch(self, app: EngineApp) -> None:
        """Connect to the app's signals and begin. Call it once, before the app starts."""
        app.on_rebalance_complete.connect(self._recovered, weak=False)
        app.on_partitions_revoked.connect(self._revoked, weak=False)
        table = next(iter(app.state_tables()))
        table.on_flushed = self._flushed
        self._task = asyncio.create_task(self._show_forever(table), name="observe")

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def acked(self, acked: Acked) -> None:
        """One run is durable and published."""
        metrics = self._metrics
        metrics.run_folded(acked.outcomes, acked.rejected)
        metrics.received.labels(self._topic).inc(sum(acked.outcomes.values()) + sum(acked.rejected.values()))
        for reason, count in acked.rejected.items():
            metrics.dead_letters.labels(reason).inc(count)
        latency = max(0.0, time.time() - acked.watermark_ms / 1000)
        results = Counter((one.to, "tombstone" if one.value is None else "running") for one in acked.messages)
        for (board, result), count in results.items():
            if board in BOARDS:
                metrics.boards_acked(board, result, [latency] * count)

    def _flushed(self, seconds: float) -> None:
        self._metrics.commit.observe(seconds)

    def _recovered(self, *_: Any, **__: Any) -> None:
        self._health.recovered()
        self._metrics.ready.set(1)

    def _revoked(self, *_: Any, **__: Any) -> None:
        self._metrics.rebalances.inc()

    async def _show_forever(self, table: StateTable) -> None:
        while True:
            self._show(table)
            await asyncio.sleep(EVERY_SECONDS)

    def _show(self, table: StateTable) -> None:
        live = table.live
        rows: Counter[str] = Counter()
        for number, partition in live.items():
            machine = partition.machine
            assert isinstance(machine, GiftMachine)
            self._metrics.partition_at(
                self._topic,
                number,
                lag=partition.lag or 0,
                lag_ms=partition.lag_ms,
                watermark_ms=machine.state.watermark,
            )
            rows.update({name: len(family) for name, family in machine.tables.items()})
        for number in self._shown - set(live):
            self._metrics.drop_partition(self._topic, number)
        self._shown = set(live)
        self._metrics.assigned.labels(self._topic).set(len(live))
        self._metrics.table_sizes(rows)
        self._metrics.dedup_entries.set(rows["seen"])
