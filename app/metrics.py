"""Every metric, declared once. Base units; no unbounded label (never a stream, gifter, gift or event).

Timestamps are exposed as such; PromQL computes ages: `time() - giftstream_watermark_timestamp_seconds`.
"""

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from app.histogram import Weighted
from app.version import VERSION
from schemas.dead_letter import REASONS, Reason

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Buckets; the service level objective on emit latency, 2.5 s, is one of them."""

OUTCOMES: Final = ("counted", "late", "unchanged", "duplicate", "rejected")
BOARDS: Final = ("totals", "gifters", "streams")
RESULTS: Final = ("value", "tombstone")
CHECKS: Final = ("equal", "different", "skipped")
PARTITION: Final = ("topic", "partition")
MOST_UNITS: Final = 40

Kind = TypeVar("Kind", Counter, Gauge, Histogram)


class Children(dict[str, Kind], Generic[Kind]):
    """A metric's children by their one label: looking one up in the library takes longer than counting."""

    def __init__(self, parent: Kind) -> None:
        super().__init__()
        self._parent: Kind = parent

    def __missing__(self, label: str) -> Kind:
        child: Kind = self._parent.labels(label)
        self[label] = child
        return child


class Metrics:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self, revision: str = "unknown") -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._declare_counters()
        self._declare_durations()
        self._declare_gauges()
        Info("giftstream_build", "What is running", registry=self.registry).info(
            {"version": VERSION, "revision": revision}
        )
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._show_zeros()

    def _declare_counters(self) -> None:
        # Records read from the source topic, before anything is judged.
        self.received = self._counter("events_received", "Records read", "topic")
        # What became of each; `late` ones are counted too, only not in their `1m` window.
        self.processed = self._counter("events_processed", "Records judged, by what became of them", "outcome")
        # Records that were refused, when they were judged.
        self.rejected = self._counter("events_rejected", "Records refused, by reason", "reason")
        # Late for `1m`: counted in the longer windows; dropped when older than the horizon.
        self.late = self._counter("events_late", "Records that came late", "action")
        # Ids that were seen before within the horizon.
        self.deduplicated = self._counter("events_deduplicated", "Duplicates refused")
        # Refused records whose dead letter is acked; after a crash a letter may be written twice.
        self.dead_letters = self._counter("dead_letters", "Dead letters acked, by reason", "reason")
        # Board values acked, and tombstones.
        self.updates = self._counter("leaderboard_updates", "Board values acked", "board", "result")
        # Spikes that started, and single big gifts.
        self.spikes = self._counter("spikes_detected", "Spikes started and big gifts", "kind")
        # What was given on all partitions, told by the worker that merges them. Units are never added together.
        self.gift_value = self._counter("gift_value", "Value given, in native units", "unit")
        self.gift_sends = self._counter("gift_sends", "Gifts given", "unit")
        self.rebalances = self._counter("rebalances", "Rebalances of the consumer group, joining included")
        # Final `1m` boards that this worker published and counted again from the log, and those it could not.
        self.self_checks = self._counter("self_checks", "Boards counted again from the log", "result")
        # Those that differed. It must stay 0.
        self.drift = self._counter("self_check_drift", "Boards that differ from the log, must stay 0")
        # `error` and `exception` are class names of the code. Both end the worker, so they are seen only if a scrape
        # comes in between: restarts are what tells, by `process_start_time_seconds`.
        self.produce_errors = self._counter("produce_errors", "Writes refused by Kafka", "topic", "error")
        self.agent_exceptions = self._counter("agent_exceptions", "Failures inside agents", "agent", "exception")

    def _declare_durations(self) -> None:
        # One run of records folded, without waiting.
        self.processing = self._seconds("event_processing_duration", "Folding one run of records", "agent")
        # From event time to being read: how late the platform and the producer are.
        self.ingest_delay = self._seconds("ingest_delay", "Event time until read")
        # From the event time of a run's newest gift to the ack of its boards, which is what a viewer sees, once for
        # each gift counted in the run. Boards that only close say nothing of it: they wait for the watermark by intent.
        self.emit_latency = Weighted(
            "giftstream_emit_latency_seconds",
            "Event time of a gift until its boards are acked",
            "board",
            BOARDS,
            SECONDS,
            self.registry,
        )
        # One run from being taken: its dead letters, its state, its boards, all acked.
        self.flush = self._seconds("flush_duration", "Sending one run with all that follows from it")
        # The state alone, which is what commits: one batch of the changelog until acked.
        self.commit = self._seconds("commit_duration", "Writing one run of state until acked")
        self.produce = self._seconds("produce_duration", "One batch until acked", "topic")
        self.rebalance = self._seconds("rebalance_duration", "One rebalance", "phase")
        self.recovery = self._seconds("table_recovery_duration", "Reading the state of one partition back")

    def _declare_gauges(self) -> None:
        # Per partition, dropped when the partition moves away.
        self.lag = self._gauge("consumer_lag_records", "Records not yet read", *PARTITION)
        self.lag_seconds = self._gauge("consumer_lag_seconds", "Age of the last record read, if more wait", *PARTITION)
        self.watermark = self._gauge("watermark_timestamp_seconds", "Watermark, event time", *PARTITION)
        # Per worker.
        self.last_event = self._gauge("last_event_timestamp_seconds", "Append time of the newest record", "topic")
        self.table_keys = self._gauge("table_keys", "Rows held, by family", "table")
        self.dedup_entries = self._gauge("dedup_cache_entries", "Ids remembered")
        self.active_streams = self._gauge("active_streams", "Streams that were given to within two hours")
        self.assigned = self._gauge("partitions_assigned", "Partitions owned", "topic")
        self.ready = self._gauge("worker_ready", "1 while the worker counts: recovered, and no partition is moving")

    def run_folded(self, outcomes: Mapping[str, int], rejected: Mapping[Reason, int]) -> None:
        """Count one folded run: how many records had each outcome, and the refused ones by reason."""
        for outcome, count in outcomes.items():
            self._processed[outcome].inc(count)
        for reason, count in rejected.items():
            self._rejected[reason].inc(count)
            self._processed["rejected"].inc(count)
        if late := outcomes.get("late"):
            self._late["counted"].inc(late)
        if dropped := rejected.get("too_old"):
            self._late["dropped"].inc(dropped)
        if duplicates := outcomes.get("duplicate"):
            self.deduplicated.inc(duplicates)

    def partition_at(self, topic: str, partition: int, *, lag: int, lag_ms: int, watermark_ms: int) -> None:
        """Set the gauges of one owned partition; `lag` is in records. There is no watermark before the first gift."""
        labels = (topic, str(partition))
        self.lag.labels(*labels).set(lag)
        self.lag_seconds.labels(*labels).set(lag_ms / 1000)
        if watermark_ms:
            self.watermark.labels(*labels).set(watermark_ms / 1000)

    def drop_partition(self, topic: str, partition: int) -> None:
        """Forget the gauges of a partition that moved away. Counters stay, or their rates would break."""
        for gauge in (self.lag, self.lag_seconds, self.watermark):
            gauge.remove_by_labels({"topic": topic, "partition": str(partition)})

    def drop_all(self) -> None:
        """Forget the gauges that speak of what the owned partitions hold: none is owned."""
        for gauge in (self.lag, self.lag_seconds, self.watermark, self.last_event, self.table_keys):
            gauge.clear()
        self.dedup_entries.set(0)
        self.active_streams.set(0)

    def boards_acked(self, board: str, result: str, count: int) -> None:
        """Count the acked values of `board` in one run (result: value or tombstone)."""
        self._updates[result][board].inc(count)

    def given(self, unit: str, value: int, sends: int) -> None:
        """Count what was given in a unit. Currencies can be made up: so many units are shown, and others are not."""
        if unit in self._units or len(self._units) < MOST_UNITS:
            self._units.add(unit)
            self.gift_value.labels(unit).inc(value)
            self.gift_sends.labels(unit).inc(sends)

    def table_sizes(self, rows: Mapping[str, int]) -> None:
        """Set how many rows each family holds over all owned partitions."""
        for table, count in rows.items():
            self.table_keys.labels(table).set(count)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"giftstream_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"giftstream_{name}", meaning, labels, registry=self.registry)

    def _seconds(self, name: str, meaning: str, *labels: str) -> Histogram:
        return Histogram(f"giftstream_{name}_seconds", meaning, labels, buckets=SECONDS, registry=self.registry)

    def _show_zeros(self) -> None:
        """Show closed label sets from the start: a rate cannot see a series that begins above zero."""
        self._processed = Children(self.processed)
        self._rejected = Children(self.rejected)
        self._late = Children(self.late)
        self._units: set[str] = set()
        self._updates = {result: {board: self.updates.labels(board, result) for board in BOARDS} for result in RESULTS}
        closed: tuple[tuple[Counter, tuple[str, ...]], ...] = (
            (self.processed, OUTCOMES),
            (self.rejected, REASONS),
            (self.dead_letters, REASONS),
            (self.late, ("counted", "dropped")),
            (self.spikes, ("spike", "big_gift")),
            (self.self_checks, CHECKS),
        )
        for counter, labels in closed:
            for label in labels:
                counter.labels(label)
