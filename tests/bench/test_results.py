"""How results are kept and shown."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench.chart import chart
from tests.bench.measure import Run
from tests.bench.results import Result, of_runs, read, write
from tests.bench.table import ordered, table

RUNS = [Run(1_000, seconds, 2.0, 1.0, 2**20) for seconds in (1.0, 2.0, 4.0)]


def test_a_result_is_the_medians_of_its_runs() -> None:
    result = of_runs("totals", "giftstream", "many", RUNS)
    assert (result.events_per_second, result.events_per_cpu_second, result.peak_rss_mb) == (500, 500, 1)
    assert (result.runs, result.spread) == (3, 1.5)


def test_the_file_is_a_list_of_objects_without_what_was_not_measured(tmp_path: Path) -> None:
    results = [of_runs("totals", "giftstream", "many", RUNS), Result("totals", "pathway", missing="no Maven")]
    write(results, tmp_path / "results.json")
    first, second = json.loads((tmp_path / "results.json").read_text())
    assert {
        "job",
        "contender",
        "shape",
        "events_per_second",
        "events_per_cpu_second",
        "peak_rss_mb",
        "runs",
        "spread",
    } <= (first.keys())
    assert second == {"job": "totals", "contender": "pathway", "shape": "many", "runs": 0, "missing": "no Maven"}
    assert read(tmp_path / "results.json") == results


def test_the_fastest_is_first_and_the_missing_last() -> None:
    slow, fast = (Result("totals", name, events_per_second=rate) for name, rate in (("slow", 1), ("fast", 2)))
    missing = Result("totals", "gone", missing="no JDK")
    assert ordered([missing, slow, fast]) == [fast, slow, missing]


def test_the_table_names_the_reason_of_a_missing_one() -> None:
    written = StringIO()
    Console(width=170, file=written).print(table([Result("totals", "gone", missing="no JDK")]))
    assert "missing: no JDK" in written.getvalue()


@pytest.mark.parametrize("name", ["giftstream", "<other>"])
def test_the_chart_has_a_bar_a_contender(name: str) -> None:
    drawn = chart([Result("totals", name, events_per_second=1_000), Result("totals", "gone", missing="no JDK")])
    assert drawn.count("<rect") == 1
    assert "1,000" in drawn
    assert "<other>" not in drawn
