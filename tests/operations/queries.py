"""What alerts and dashboards ask for, and what a worker exports."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML

from app.metrics import Metrics

ROOT: Final = Path(__file__).parents[2]
PROMETHEUS: Final = ROOT / "compose" / "prometheus"
DASHBOARDS: Final = sorted((ROOT / "compose" / "grafana" / "dashboards").glob("*.json"))

SAMPLES: Final = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
    "gauge": ("",),
}
"""The names of the samples of a family, by its type."""


class Query(NamedTuple):
    """One query of a panel."""

    panel: str
    expression: str


def rules() -> list[dict[str, Any]]:
    """Return every alert and recording rule."""
    groups = YAML(typ="safe").load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def queries(dashboard: Path) -> list[Query]:
    """Return the queries of a dashboard as they are sent, Grafana's variables left in."""
    return list(_queries(json.loads(dashboard.read_text(encoding="utf-8"))["panels"]))


def _queries(panels: list[dict[str, Any]]) -> Iterator[Query]:
    for panel in panels:
        yield from _queries(panel.get("panels", []))
        for target in panel.get("targets", []):
            yield Query(panel["title"], target["expr"])


def named(expression: str) -> set[str]:
    """Return the metrics that an expression names, those of recording rules left out."""
    return set(re.findall(r"(?<![\w:])(?:giftstream|process|python)_\w+(?!\w*:)", expression))


def exported() -> set[str]:
    """Return the names of all samples that a worker may export, and those of their families."""
    families = list(Metrics().registry.collect())
    return {family.name + end for family in families for end in ("", *SAMPLES[family.type])}
