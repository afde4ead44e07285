"""promtool's judgement of the rules and of the metrics' names. Needs Debian's package `prometheus`: `make test-ops`."""

from pathlib import Path

import pytest
from prometheus_client import generate_latest

from app.metrics import Metrics
from tests.operations.queries import PROMETHEUS
from tests.operations.tools import promtool

pytestmark = pytest.mark.ops


def test_the_rules_are_valid() -> None:
    code, said = promtool("check", "rules", str(PROMETHEUS / "rules.yml"))
    assert code == 0, said


@pytest.mark.parametrize("path", sorted((PROMETHEUS / "tests").glob("*.yml")), ids=lambda path: str(path.stem))
def test_alerts_fire_when_they_should_and_only_then(path: Path) -> None:
    code, said = promtool("test", "rules", str(path))
    assert code == 0, said


def test_names_and_units_are_those_of_the_field() -> None:
    metrics = Metrics()
    metrics.partition_at("gifts.v1", 0, lag=1, lag_ms=1, watermark_ms=1)
    metrics.given("coin", 1, 1)
    metrics.table_sizes({"seen": 1})
    code, said = promtool("check", "metrics", given=generate_latest(metrics.registry))
    assert (code, said) == (0, "")
