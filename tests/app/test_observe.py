"""What a worker says of itself as it goes: what is counted, what is timed, and what is dropped when partitions move."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from agents.domain.messages import Message
from agents.gifts import Acked
from agents.news import Given, Merged
from app.health import Health
from app.metrics import MOST_UNITS, Metrics
from app.observe import WorkerWatcher
from app.settings import Settings
from app.topology import topology


class Worker:
    """A watcher with what it writes to."""

    def __init__(self) -> None:
        self.metrics, self.health = Metrics(), Health()
        self.watcher = WorkerWatcher(Settings(), self.metrics, self.health)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"giftstream_{name}", labels)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def acked(*messages: Message, age: float = 0.3, **outcomes: int) -> Acked:
    return Acked(outcomes, {}, messages, int((time.time() - age) * 1000), 0, 0)


def test_latency_weighs_as_many_gifts_as_the_run_counted(worker: Worker) -> None:
    both: list[Message] = [("totals", "k", b"{}"), ("gifters", "k", b"{}")]
    worker.watcher.acked(acked(*both, age=0.3, counted=70, late=20, duplicate=5))
    worker.watcher.acked(acked(*both, age=700, counted=10))
    assert worker.value("emit_latency_seconds_count", board="gifters") == 100
    assert worker.value("emit_latency_seconds_bucket", board="gifters", le="2.5") == 90
    assert worker.value("events_received_total", topic="gifts.v1") == 105


def test_boards_that_only_close_or_end_have_no_latency(worker: Worker) -> None:
    worker.watcher.acked(acked(("totals", "k", b"{}"), ("totals", "j", None), age=700))
    worker.watcher.merged(Merged(3, 1, 0, 0, {}))
    assert worker.value("leaderboard_updates_total", board="totals", result="value") == 1
    assert worker.value("leaderboard_updates_total", board="totals", result="tombstone") == 1
    assert worker.value("leaderboard_updates_total", board="streams", result="value") == 3
    assert worker.value("emit_latency_seconds_count", board="totals") == 0
    assert worker.value("emit_latency_seconds_count", board="streams") == 0


def test_what_was_given_is_counted_by_unit_of_which_there_is_an_end(worker: Worker) -> None:
    worker.watcher.merged(Merged(1, 0, 3, 0, {"coin": Given(300, 3)}))
    for number in range(2 * MOST_UNITS):
        worker.watcher.merged(Merged(1, 0, 1, 0, {f"minor:{number}": Given(5, 1), "coin": Given(1, 1)}))
    assert worker.value("gift_value_total", unit="coin") == 300 + 2 * MOST_UNITS
    assert worker.value("gift_sends_total", unit="minor:0") == 1
    assert worker.value("gift_sends_total", unit=f"minor:{MOST_UNITS}") is None


def test_a_batch_of_the_changelog_is_a_commit(worker: Worker) -> None:
    worker.watcher.sent(topology(Settings()).changelog.name, 0.01)
    worker.watcher.sent("stream-totals.v1", 0.02)
    assert worker.value("commit_duration_seconds_count") == 1
    assert worker.value("produce_duration_seconds_count", topic="stream-totals.v1") == 1


def test_it_is_ready_between_a_recovery_and_the_next_move(worker: Worker) -> None:
    assert not worker.health.ready
    worker.watcher.revoking()
    worker.watcher.recovered(0.5)
    assert worker.health.ready
    assert worker.value("worker_ready") == 1
    worker.watcher.revoking()
    assert not worker.health.ready
    assert worker.value("worker_ready") == 0


def test_no_gauge_survives_the_partition_it_speaks_of(worker: Worker) -> None:
    state = SimpleNamespace(watermark=1_750_000_000_000)
    partition: Any = SimpleNamespace(
        machine=SimpleNamespace(state=state), lag=3, lag_ms=40, newest_ms=1_750_000_000_500
    )
    worker.watcher._show({0: partition, 1: partition})
    worker.metrics.table_sizes({"seen": 5})
    assert worker.value("consumer_lag_records", topic="gifts.v1", partition="1") == 3
    worker.watcher._show({0: partition})
    assert worker.value("consumer_lag_records", topic="gifts.v1", partition="0") == 3
    assert worker.value("consumer_lag_records", topic="gifts.v1", partition="1") is None
    worker.watcher.revoked(0.1)
    assert worker.value("watermark_timestamp_seconds", topic="gifts.v1", partition="0") is None
    assert worker.value("last_event_timestamp_seconds", topic="gifts.v1") is None
    assert worker.value("table_keys", table="seen") is None
    assert worker.value("partitions_assigned", topic="gifts.v1") == 0


@pytest.fixture(autouse=True)
def _any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.observe._machine", lambda partition: partition.machine)
