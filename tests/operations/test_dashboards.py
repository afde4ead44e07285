"""The dashboards: the committed files are what the code makes, and ask for what a worker exports."""

import re
from pathlib import Path

import pytest

from compose.grafana.generate import FOLDER, dashboards
from tests.operations.queries import DASHBOARDS, exported, named, queries

EACH = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: str(path.stem))


def test_the_files_are_what_the_code_makes() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert committed == dashboards(), "python -m compose.grafana.generate"


@EACH
def test_every_query_names_metrics_that_a_worker_exports(dashboard: Path) -> None:
    found = [(query.panel, named(query.expression)) for query in queries(dashboard)]
    assert len(found) > 8
    for panel, names in found:
        assert names, panel
        assert names <= exported(), panel


def test_the_platform_has_no_series_of_a_stream_a_gifter_or_a_worker() -> None:
    business = next(path for path in DASHBOARDS if path.stem == "business")
    grouped = {label for query in queries(business) for label in re.findall(r"by \(([^)]*)\)", query.expression)}
    assert grouped <= {"unit", "kind"}
