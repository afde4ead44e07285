"""Boards as tables for a terminal: pure functions from a decoded value to something that rich can print.

Names come from viewers. They are shown as text, never as markup, and without control characters.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from io import StringIO
from typing import Any, Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.boards import Board
from app.logs import printable

PLACES: Final = {1: "bold yellow", 2: "bold white", 3: "bold dark_orange3"}
STATES: Final = {True: ("final", "green"), False: ("running", "cyan")}
BAR: Final = 10


def render(board: Board, zone: tzinfo = UTC, limit: int | None = None) -> RenderableType:
    """Return a gifter or streams leaderboard as a table of at most `limit` rows, its window in `zone`."""
    table = Table(box=box.SIMPLE_HEAD, expand=True, title=_title(board, zone), title_justify="left")
    table.caption, table.caption_justify = _caption(board), "left"
    table.add_column("#", justify="right", width=4)
    streams = board["board"] == "streams"
    table.add_column("stream" if streams else "gifter", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(str(board["unit"]), justify="right", no_wrap=True)
    table.add_column("gifts", justify="right", no_wrap=True)
    table.add_column("", width=BAR, no_wrap=True)
    most = max((entry["value"] for entry in board["entries"]), default=0)
    for entry in board["entries"][:limit]:
        table.add_row(*_row(entry, most))
    return table


def render_all(boards: Sequence[Board], zone: tzinfo = UTC) -> RenderableType:
    """Return several boards below each other, or a line that says that there is none."""
    return Group(*(render(board, zone) for board in boards)) if boards else Text("no such board yet", "dim")


def _row(entry: dict[str, Any], most: int) -> tuple[RenderableType, ...]:
    style = PLACES.get(entry["rank"], "")
    return (
        Text(str(entry["rank"]), style),
        _who(entry, style),
        Text(f"{entry['value']:,}", style),
        Text(f"{entry['sends']:,}", "dim"),
        bar(entry["value"], most),
    )


def _who(entry: dict[str, Any], style: str) -> Text:
    name = entry["name"]
    text = Text(printable(name or entry["id"]), style)
    return text.append(f"  {entry['id']}", "dim") if name else text


def bar(value: int, most: int, width: int = BAR) -> Text:
    """Return a bar that is `width` characters long where `value` is `most`, in eighths of a character."""
    eighths = value * width * 8 // most if most else 0
    part = " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return Text("█" * (eighths // 8) + part, "magenta")


def _title(board: Board, zone: tzinfo) -> Text:
    state, style = STATES[bool(board["is_final"])]
    who = board["stream_id"] if board["board"] == "gifters" else board["scope"]
    what = "top gifters of " if board["board"] == "gifters" else "top streams, "
    return Text.assemble(
        (what, "bold"), (printable(who), "bold cyan"), f"  {span(board['window'], zone)}  ", (state, style)
    )


def _caption(board: Board) -> Text:
    totals, offsets = board["totals"], board["position"]["offsets"]
    total = f"{totals['value']:,} {board['unit']} in {totals['sends']:,} gifts, {totals['ranked']:,} ranked"
    at = ", ".join(f"{partition}:{offset}" for partition, offset in sorted(offsets.items(), key=lambda o: int(o[0])))
    lost = " · incomplete" if board.get("incomplete") else ""
    return Text(f"{total} · exact at {at}{lost}", "dim")


def span(window: dict[str, Any], zone: tzinfo) -> str:
    """Return a window's name and times, such as `1m 20:14`, `1h 20:00`, `1d 2026-01-31`, `stream`."""
    formats = {"1m": "%H:%M", "1h": "%H:00", "1d": "%Y-%m-%d"}
    start = datetime.fromtimestamp(window["start_ms"] / 1000, zone)
    name = str(window["name"])
    return f"{name} {start.strftime(formats[name])}" if name in formats else "whole broadcast"


def ticker(spikes: Iterable[Board], zone: tzinfo = UTC) -> RenderableType:
    """Return spikes and big gifts, one line each, in the order given."""
    lines = [_spike(one, zone) for one in spikes]
    body: RenderableType = Group(*lines) if lines else Text("none yet", "dim")
    return Panel(body, title="engagement spikes", title_align="left", box=box.ROUNDED, border_style="dim")


def _spike(one: Board, zone: tzinfo) -> Text:
    big = one["kind"] == "big_gift"
    at = datetime.fromtimestamp((one["event_time_ms"] if big else one["as_of_ms"]) / 1000, zone)
    who = printable(str(one["stream_id"]))
    text = Text(no_wrap=True, overflow="ellipsis").append(f"{at:%H:%M:%S} ", "dim")
    if big:
        gift = printable(one["gift_name"] or one["gift_id"])
        return text.append("★ big gift ", "bold magenta").append(f"{one['value']:,} {one['unit']} ({gift}) on {who}")
    signs = {"start": "▲ spike   ", "peak": "▲ peak    ", "end": "▽ over    "}
    text.append(signs[one["phase"]], "bold red" if one["phase"] != "end" else "green")
    return text.append(f"{one['gifters']} gifters, {one['expected']:.1f} expected, severity {one['severity']} on {who}")


def letters_table(letters: Sequence[dict[str, Any]]) -> RenderableType:
    """Return dead letters as a table: why, from where, and the bytes as text."""
    table = Table(box=box.SIMPLE_HEAD, expand=True)
    for column in ("at", "from", "reason"):
        table.add_column(column, no_wrap=True)
    table.add_column("detail and value", ratio=1)
    for one in letters:
        at = datetime.fromtimestamp(one["at_ms"] / 1000, UTC)
        text = Text(printable(one["detail"])).append("\n" + printable(one["value"] or "(no value)"), "dim")
        place = Text(f"{one['partition']}:{one['offset']}")
        table.add_row(Text(f"{at:%m-%d %H:%M:%S}", "dim"), place, Text(one["reason"], "bold red"), text)
    return table if letters else Text("no dead letters", "dim")


def save_svg(shown: RenderableType, path: str, width: int = 100, height: int = 40, title: str = "giftstream") -> None:
    """Write a picture of `shown` to `path`, as a terminal of `width` by `height` characters would show it."""
    console = Console(record=True, width=width, height=height, file=StringIO(), force_terminal=True, no_color=False)
    console.print(shown)
    console.save_svg(path, title=title)
