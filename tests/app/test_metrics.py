"""The metrics: named by the rules of the field, bounded, and whole from the start."""

from collections.abc import Iterator
from typing import get_args

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from app.metrics import SECONDS, Metrics
from schemas.dead_letter import Reason

BOUNDED = {
    "topic",
    "partition",
    "outcome",
    "reason",
    "action",
    "board",
    "result",
    "kind",
    "error",
    "agent",
    "exception",
    "phase",
    "table",
    "le",
    "version",
    "unit",
    "revision",
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"giftstream_{name}", labels)


def ours(metrics: Metrics) -> Iterator[Metric]:
    return (family for family in metrics.registry.collect() if family.name.startswith("giftstream_"))


def test_a_folded_run_is_counted_by_outcome_and_reason(metrics: Metrics) -> None:
    metrics.run_folded({"counted": 5, "late": 2, "unchanged": 1, "duplicate": 3}, {"not_json": 1, "too_old": 4})
    assert value(metrics, "events_processed_total", outcome="counted") == 5
    assert value(metrics, "events_processed_total", outcome="rejected") == 5
    assert value(metrics, "events_late_total", action="counted") == 2
    assert value(metrics, "events_late_total", action="dropped") == 4
    assert value(metrics, "events_deduplicated_total") == 3
    assert value(metrics, "events_rejected_total", reason="too_old") == 4


def test_closed_labels_are_there_from_the_start(metrics: Metrics) -> None:
    for reason in get_args(Reason):
        assert value(metrics, "events_rejected_total", reason=reason) == 0
    assert value(metrics, "leaderboard_updates_total", board="gifters", result="tombstone") == 0


def test_gauges_of_a_partition_go_with_it_and_counters_stay(metrics: Metrics) -> None:
    metrics.run_folded({"counted": 1}, {})
    metrics.partition_at("gifts.v1", 3, lag=10, lag_ms=2_500, watermark_ms=1_750_000_000_500)
    assert value(metrics, "consumer_lag_seconds", topic="gifts.v1", partition="3") == 2.5
    assert value(metrics, "watermark_timestamp_seconds", topic="gifts.v1", partition="3") == 1_750_000_000.5
    metrics.drop_partition("gifts.v1", 3)
    assert value(metrics, "consumer_lag_records", topic="gifts.v1", partition="3") is None
    assert value(metrics, "events_processed_total", outcome="counted") == 1


def test_a_worker_without_partitions_shows_nothing_of_what_partitions_hold(metrics: Metrics) -> None:
    metrics.partition_at("gifts.v1", 3, lag=10, lag_ms=2_500, watermark_ms=1_750_000_000_500)
    metrics.last_event.labels("gifts.v1").set(1)
    metrics.table_sizes({"seen": 5})
    metrics.drop_all()
    shown = {sample.name for family in ours(metrics) for sample in family.samples if family.type == "gauge"}
    gone = {"consumer_lag_records", "consumer_lag_seconds", "watermark_timestamp_seconds", "table_keys"}
    assert not shown & {f"giftstream_{name}" for name in (*gone, "last_event_timestamp_seconds")}


def test_before_the_first_gift_there_is_no_watermark(metrics: Metrics) -> None:
    metrics.partition_at("gifts.v1", 0, lag=0, lag_ms=0, watermark_ms=0)
    assert value(metrics, "watermark_timestamp_seconds", topic="gifts.v1", partition="0") is None
    assert value(metrics, "consumer_lag_records", topic="gifts.v1", partition="0") == 0


def test_dropping_a_partition_that_was_never_shown_is_no_error(metrics: Metrics) -> None:
    metrics.drop_partition("gifts.v1", 9)


def test_acked_boards_are_counted_and_timed(metrics: Metrics) -> None:
    metrics.boards_acked("gifters", "value", 2)
    metrics.boards_acked("gifters", "value", 1)
    metrics.boards_acked("gifters", "tombstone", 5)
    metrics.emit_latency.observe("gifters", 0.2, 1)
    metrics.emit_latency.observe("gifters", 3.0, 1)
    assert value(metrics, "leaderboard_updates_total", board="gifters", result="value") == 3
    assert value(metrics, "leaderboard_updates_total", board="gifters", result="tombstone") == 5
    assert value(metrics, "emit_latency_seconds_count", board="gifters") == 2
    assert value(metrics, "emit_latency_seconds_bucket", board="gifters", le="2.5") == 1


def test_two_workers_in_one_process_do_not_share(metrics: Metrics) -> None:
    metrics.run_folded({"counted": 1}, {})
    assert value(Metrics(), "events_processed_total", outcome="counted") == 0


def test_names_units_and_labels_follow_the_rules(metrics: Metrics) -> None:
    for family in ours(metrics):
        assert not family.name.endswith(("_ms", "_total", "_created"))
        assert family.documentation
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        for sample in family.samples:
            assert set(sample.labels) <= BOUNDED
            assert not sample.name.endswith("_created")


def test_the_objective_is_a_bucket() -> None:
    assert 2.5 in SECONDS


def test_openmetrics_can_be_parsed(metrics: Metrics) -> None:
    text = openmetrics(metrics.registry).decode()  # type: ignore[no-untyped-call]
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {"giftstream_build", "process_cpu_seconds", "python_gc_collections"} <= names
