"""Figures of runs, and how late things are seen."""

import pytest

from tests.bench.group import Failed
from tests.bench.job_recovery import logged
from tests.bench.lateness import latencies, percentiles_ms
from tests.bench.measure import Sample, figures


def test_a_run_is_measured_from_its_begin_to_its_end() -> None:
    samples = [
        Sample(10, 1.0, 5.0, 100),
        Sample(12, 3.0, 6.0, 300),
        Sample(14, 4.0, 6.5, 200),
        Sample(16, 9.0, 9.0, 900),
    ]
    run = figures(samples, records=1_000, began=10, ended=13.5)
    assert (run.seconds, run.cpu_seconds, run.broker_cpu_seconds, run.peak_bytes) == (3.5, 3.0, 1.5, 300)
    assert run.events_per_second == pytest.approx(285.7, abs=0.1)
    assert run.events_per_cpu_second == pytest.approx(333.3, abs=0.1)


def test_a_mark_is_seen_with_the_first_one_at_least_as_high() -> None:
    asked = [("a", 1, 10.0), ("b", 1, 10.1), ("a", 2, 10.2), ("a", 3, 10.3), ("b", 5, 10.4)]
    seen = [("a", 2, 10.5), ("c", 9, 10.5), ("a", 4, 10.6), ("b", 3, 10.7)]
    found, never = latencies(asked, seen)
    assert found == pytest.approx([0.5, 0.3, 0.3, 0.6])
    assert never == 1


def test_percentiles_are_in_ms() -> None:
    assert percentiles_ms([number / 1000 for number in range(1, 1001)]) == pytest.approx((500.5, 990, 999), abs=1)


def test_a_recovery_is_what_the_worker_logged() -> None:
    lines = ["words", '{"event":"ready"}', '{"event":"recovered","rows":300,"seconds":1.5}']
    assert logged(lines) == (300, 1.5)
    with pytest.raises(Failed):
        logged(lines[:2])
