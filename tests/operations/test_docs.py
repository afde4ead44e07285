"""docs/observability.md: every metric is in its table, with its labels, and none that is not there."""

import re
from collections.abc import Iterator

from app.metrics import Metrics
from tests.operations.queries import ROOT

PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
TABLE = dict(re.findall(r"^\| `(giftstream_\w+)` \| ([\w, ]*)\|", PAGE, re.MULTILINE))


def exported() -> Iterator[tuple[str, set[str]]]:
    """Yield each metric by the name that Prometheus knows it by, and its labels."""
    metrics = Metrics()
    ends = {"counter": "_total", "info": "_info"}
    declared = [one for one in vars(metrics).values() if hasattr(one, "collect")]
    labels = {family.name: set(getattr(one, "_labelnames", ())) for one in declared for family in one.collect()}
    for family in metrics.registry.collect():
        if family.name.startswith("giftstream_"):
            yield family.name + ends.get(family.type, ""), labels.get(family.name, set())


def test_the_table_has_every_metric() -> None:
    assert set(TABLE) == {name for name, _ in exported()}


def test_the_labels_are_those_of_the_metric() -> None:
    known_otherwise = {"giftstream_emit_latency_seconds", "giftstream_build_info"}
    for name, labels in exported():
        if name not in known_otherwise:
            assert set(re.findall(r"\w+", TABLE[name])) == labels, name


def test_the_events_of_the_log_are_in_the_code() -> None:
    events = re.findall(r"^\| `([^`]+)` \|", PAGE.split("## Logs")[1], re.MULTILINE)
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py"))
    assert len(events) > 7
    assert [event for event in events if event.removesuffix("…").strip() not in code] == []
