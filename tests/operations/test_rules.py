"""The alerts: each speaks of metrics that exist, is explained in the runbook, and is tried by promtool."""

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.operations.queries import PROMETHEUS, ROOT, alerts, exported, named, rules

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))


def tried() -> set[str]:
    """The alerts that some test of promtool demands to fire."""
    files = [YAML(typ="safe").load(path.read_text(encoding="utf-8")) for path in (PROMETHEUS / "tests").glob("*.yml")]
    tests = [test for file in files for test in file["tests"]]
    demands = [demand for test in tests for demand in test.get("alert_rule_test", [])]
    return {demand["alertname"] for demand in demands if demand["exp_alerts"]}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule.get("alert") or rule["record"]))
def test_a_rule_names_metrics_that_a_worker_exports(rule: dict[str, Any]) -> None:
    recorded = {one["record"] for one in rules() if "record" in one}
    assert named(rule["expr"]) <= exported() | recorded
    assert set(re.findall(r"giftstream:\w+:\w+", rule["expr"])) <= recorded


def test_an_alert_has_a_section_in_the_runbook_and_every_section_its_alert() -> None:
    assert set(SECTIONS) == {alert["alert"] for alert in alerts()}
    assert all(len(text) > 200 for text in SECTIONS.values())


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_grave_it_is_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{alert['alert'].lower()}"


def test_an_alert_is_tried() -> None:
    assert tried() == {alert["alert"] for alert in alerts()}


def test_the_metrics_in_the_runbook_exist() -> None:
    assert named(RUNBOOK) - {alert["alert"] for alert in alerts()} <= exported()


def test_links_in_the_runbook_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", RUNBOOK):
        file, _, anchor = target.partition("#")
        assert not file or (ROOT / "docs" / file).exists(), target
        assert file or anchor in {name.lower() for name in SECTIONS}, target
