"""The results as one table."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table

from tests.bench.results import Result

NAMES: Final = ("job", "shape", "contender", "events/s", "a CPU second", "peak MB", "runs", "spread", "figures", "note")


def table(results: Sequence[Result]) -> Table:
    """Return a table with a section a job, the fastest first."""
    made = Table(title="giftstream and its peers: medians")
    for name in NAMES[:3]:
        made.add_column(name, no_wrap=True)
    for name in NAMES[3:-1]:
        made.add_column(name, justify="right", no_wrap=name != "figures")
    made.add_column(NAMES[-1], overflow="fold")
    before = None
    for one in ordered(results):
        if before and before != (one.job, one.shape):
            made.add_section()
        before = one.job, one.shape
        made.add_row(*cells(one))
    return made


def ordered(results: Sequence[Result]) -> list[Result]:
    """Return them by job as they were run, then shape and rate, the fastest first and the missing last."""
    jobs = list(dict.fromkeys(one.job for one in results))
    return sorted(
        results,
        key=lambda one: (
            jobs.index(one.job),
            one.shape != "many",
            one.rate or 0,
            bool(one.missing),
            -(one.events_per_second or one.rows_per_second or 0),
        ),
    )


def cells(one: Result) -> list[str]:
    """Return the texts of a row."""
    return [
        one.job,
        one.shape,
        one.contender,
        _number(one.events_per_second),
        _number(one.events_per_cpu_second),
        _number(one.peak_rss_mb),
        str(one.runs or ""),
        "" if one.spread is None else f"{one.spread:.0%}",
        _figures(one),
        (one.missing and f"missing: {one.missing}") or one.note,
    ]


def _figures(one: Result) -> str:
    """Return what only some jobs measure."""
    if one.p50_ms is not None:
        return f"{one.rate:,.0f}/s: p50 {one.p50_ms:.0f}, p99 {one.p99_ms:.0f}, p99.9 {one.p999_ms:.0f} ms"
    parts = [
        one.rows and f"{one.rows:,} rows",
        one.rows_per_second and f"{one.rows_per_second:,.0f} rows/s",
        one.bytes_per_row and f"{one.bytes_per_row:,.0f} bytes a row",
    ]
    return ", ".join(part for part in parts if part)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
