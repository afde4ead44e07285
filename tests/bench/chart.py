"""The results as a chart for the README: a bar a contender, in SVG, readable on light and dark pages."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from tests.bench.results import Result

JOBS: Final = ("totals", "gifters")
ROW: Final = 22
LEFT: Final = 190
BARS: Final = 430
WIDTH: Final = 720
OURS: Final = "#e8590c"
OTHERS: Final = "#868e96"
TEXT: Final = "#6e7781"


def chart(results: Sequence[Result]) -> str:
    """Return the SVG of events a second in `totals` and `gifters`, the fastest first."""
    parts: list[str] = []
    top = 0
    for job in JOBS:
        shown = [one for one in results if (one.job, one.shape) == (job, "many") and one.events_per_second]
        shown.sort(key=lambda one: -(one.events_per_second or 0))
        if shown:
            parts += _group(job, shown, top)
            top += (len(shown) + 2) * ROW
    style = f'font-family="system-ui, sans-serif" font-size="13" fill="{TEXT}"'
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}" {style}>'
    )
    return "\n".join([opening, *parts, "</svg>", ""])


def _group(job: str, shown: Sequence[Result], top: int) -> list[str]:
    longest = shown[0].events_per_second or 1
    parts = [f'<text x="0" y="{top + ROW - 6}" font-weight="bold">{job}, events a second</text>']
    for number, one in enumerate(shown, 1):
        parts += _bar(one, top + number * ROW, (one.events_per_second or 0) / longest)
    return parts


def _bar(one: Result, top: int, share: float) -> list[str]:
    width, middle = max(1, round(BARS * share)), top + ROW - 7
    colour = OURS if one.contender == "giftstream" else OTHERS
    return [
        f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{escape(one.contender)}</text>',
        f'<rect x="{LEFT}" y="{top + 3}" width="{width}" height="{ROW - 6}" rx="2" fill="{colour}"/>',
        f'<text x="{LEFT + width + 6}" y="{middle}">{one.events_per_second or 0:,.0f}</text>',
    ]


def write(results: Sequence[Result], path: Path) -> None:
    """Keep the chart."""
    path.write_text(chart(results), "utf-8")
