"""What both dashboards are made of: panels of one or more queries, laid out in rows by Grafana itself."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef as PanelSource

SOURCE: Final = "${datasource}"
RATE: Final = "$__rate_interval"
WIDTH: Final = 24


class Graph(NamedTuple):
    """A panel: its queries by legend, its unit by Grafana's name for it, and its share of a row's width."""

    title: str
    meaning: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"
    width: int = 8
    height: int = 8


class Row(NamedTuple):
    """Panels under a heading."""

    title: str
    graphs: Sequence[Graph]


def quantile(share: float, metric: str, by: str = "") -> str:
    """Return the query for a quantile of a histogram, over all workers."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate(giftstream_{metric}_bucket[{RATE}])))"


def rate(metric: str, by: str = "") -> str:
    """Return the query for a counter's growth a second, over all workers."""
    return f"sum{f' by ({by})' if by else ''} (rate(giftstream_{metric}_total[{RATE}]))"


def board(uid: str, title: str, meaning: str, rows: Sequence[Row]) -> dashboard.Dashboard:
    """Return a dashboard that finds its Prometheus by a variable."""
    built = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(meaning)
        .tags(["giftstream"])
        .readonly()
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for row in rows:
        built = built.with_row(dashboard.Row(row.title))
        for graph in row.graphs:
            built = built.with_panel(_panel(graph))
    return built


def _panel(graph: Graph) -> timeseries.Panel | stat.Panel:
    panel = _stat() if graph.kind == "stat" else _timeseries()
    panel = panel.title(graph.title).description(graph.meaning).unit(graph.unit).min(0)
    panel = panel.span(graph.width).height(graph.height).datasource(PanelSource("prometheus", SOURCE))
    for number, (legend, query) in enumerate(graph.queries.items()):
        target = prometheus.Dataquery().expr(query).legend_format(legend).ref_id(chr(ord("A") + number))
        panel = panel.with_target(target)
    return panel


def _stat() -> stat.Panel:
    return stat.Panel().graph_mode(BigValueGraphMode.AREA)


def _timeseries() -> timeseries.Panel:
    legend = common.VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.LIST)
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
    return timeseries.Panel().legend(legend.placement(LegendPlacement.BOTTOM)).tooltip(tooltip).fill_opacity(10)
