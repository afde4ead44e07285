"""Boards on a terminal: whole at 80 and 120 columns, and safe to look at."""

from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from app.boards import Board
from app.live_board import LiveBoard
from app.view import bar, letters_table, render, render_all, save_svg, span, ticker

HOUR: dict[str, Any] = {"name": "1h", "start_ms": 1_789_999_200_000, "end_ms": 1_790_002_800_000}
SPIKE: Board = {
    "kind": "spike", "phase": "start", "as_of_ms": 1_790_000_000_000, "stream_id": "tiktok:72001",
    "gifters": 17, "expected": 3.2, "severity": 2,
}  # fmt: skip
BIG: Board = {
    "kind": "big_gift", "event_time_ms": 1_790_000_000_000, "stream_id": "tiktok:72001", "gift_id": "6369",
    "gift_name": "Lion", "value": 29_999, "unit": "coin",
}  # fmt: skip


def entry(place: int, value: int, name: str | None = "Ana", **more: Any) -> dict[str, Any]:
    id_ = more.pop("id", f"tiktok:7200{place}")
    return {"rank": place, "place": place, "id": id_, "name": name, "value": value, "sends": 3, "reached_ms": 1, **more}


def a_board(kind: str = "gifters", entries: list[dict[str, Any]] | None = None, **more: Any) -> Board:
    whose = {"stream_id": "tiktok:72001"} if kind == "gifters" else {"scope": "global"}
    return {
        "board": kind,
        **whose,
        "unit": "coin",
        "window": HOUR,
        "entries": [entry(1, 100)] if entries is None else entries,
        "totals": {"value": 1_234_567, "sends": 45_678, "ranked": 4_321},
        "is_final": False,
        "position": {"topic": "gifts.v1", "offsets": {"10": 7, "2": 123}},
        "revision": 9,
        **more,
    }


def shown(what: RenderableType, width: int = 80, height: int | None = None) -> str:
    """Print as a file would get it, or, with a height, as a terminal of that height would."""
    console = Console(width=width, height=height, file=StringIO(), record=True, force_terminal=height is not None)
    console.print(what)
    return console.export_text()


def test_a_gifter_board_says_whose_it_is_what_it_sums_and_where_it_is_exact() -> None:
    text = shown(render(a_board()), 100)
    assert "top gifters of tiktok:72001" in text
    assert "1,234,567 coin in 45,678 gifts, 4,321 ranked" in text
    assert "exact at 2:123, 10:7" in text
    assert "running" in text


def test_a_final_board_says_so_and_an_incomplete_one_too() -> None:
    assert "final" in shown(render(a_board(is_final=True)))
    assert "incomplete" in shown(render(a_board(incomplete=["0:1-5"])), 100)


def test_ties_show_the_same_rank() -> None:
    entries = [entry(1, 9), entry(2, 5), entry(2, 5, "Ben"), entry(4, 1, "Cem")]
    ranks = [line.split()[0] for line in shown(render(a_board(entries=entries))).splitlines() if "tiktok:7200" in line]
    assert ranks[1:] == ["1", "2", "2", "4"]


def test_an_id_stands_in_for_a_missing_name() -> None:
    assert "68000000" in shown(render(a_board(entries=[entry(1, 5, None, id="68000000")])))


def test_a_name_is_text_and_neither_markup_nor_control() -> None:
    text = shown(render(a_board(entries=[entry(1, 5, "[red]bob[/]\n\x1b[2J")])), 100)
    assert "[red]bob[/]\\n\\x1b[2J" in text


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    live = LiveBoard("http://127.0.0.1:6066")
    long = [entry(n, 10**12 // n, "a very long name " * 4) for n in range(1, 11)]
    live.apply("leaderboards.streams.v1", b"k", orjson.dumps(a_board("streams", long)))
    live.apply("leaderboards.gifters.v1", b"k", orjson.dumps(a_board("gifters", [entry(1, 5, "夜の星" * 9)])))
    live.apply("engagement-spikes.v1", b"k", orjson.dumps(SPIKE))
    live.update({"sent": 123_456, "counted": 120_000, "dead letters": 56, "duplicates": 400, "late": 77}, "live")
    lines = shown(live, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert any("1,000,000,000,000" in line for line in lines)


def test_the_live_board_shows_the_leader_of_the_newest_hour() -> None:
    live = LiveBoard(window="1h")
    older = a_board("streams", [entry(1, 99, "Old", id="tiktok:old")], window={**HOUR, "start_ms": 0})
    live.apply("eu.leaderboards.streams.v1", b"old", orjson.dumps(older))
    live.apply("eu.leaderboards.streams.v1", b"new", orjson.dumps(a_board("streams")))
    live.apply("eu.leaderboards.gifters.v1", b"g", orjson.dumps(a_board("gifters")))
    live.apply("eu.leaderboards.gifters.v1", b"h", orjson.dumps(a_board("gifters", stream_id="tiktok:other")))
    text = shown(live)
    assert "top streams, global" in text
    assert "top gifters of tiktok:72001" in text
    assert "tiktok:old" not in text
    assert "tiktok:other" not in text


def test_an_empty_live_board_can_be_shown() -> None:
    assert "starting" in shown(LiveBoard())


def test_a_low_terminal_shows_fewer_rows_and_still_the_spikes() -> None:
    live = LiveBoard()
    many = [entry(n, 100 - n) for n in range(1, 11)]
    live.apply("leaderboards.streams.v1", b"k", orjson.dumps(a_board("streams", many)))
    live.apply("engagement-spikes.v1", b"k", orjson.dumps(BIG))
    live.update({"sent": 1}, "live")
    text = shown(live, 80, height=30)
    assert "big gift" in text
    assert len(text.splitlines()) <= 30


def test_spikes_and_big_gifts_are_one_line_each() -> None:
    text = shown(ticker([BIG, SPIKE]), 100)
    assert "29,999 coin (Lion) on tiktok:72001" in text
    assert "17 gifters, 3.2 expected, severity 2" in text
    assert "none yet" in shown(ticker([]))


@pytest.mark.parametrize(
    ("name", "text"), [("1m", "1m 16:00"), ("1h", "1h 16:00"), ("1d", "1d 2026-09-21"), ("stream", "whole broadcast")]
)
def test_windows_are_shown_in_the_time_zone(name: str, text: str) -> None:
    assert span({**HOUR, "name": name}, ZoneInfo("Europe/Berlin")) == text


@pytest.mark.parametrize(("value", "text"), [(0, ""), (8, "█" * 10), (4, "█" * 5), (1, "█▎"), (7, "████████▊")])
def test_bars_are_in_proportion(value: int, text: str) -> None:
    assert bar(value, 8).plain == text


def test_no_board_is_said_in_words() -> None:
    assert "no such board yet" in shown(render_all([]))


def test_dead_letters_show_why_and_what() -> None:
    letter = {
        "at_ms": 1_790_000_000_000, "partition": "3", "offset": "17", "reason": "not_json", "detail": "line 1",
        "value": "{\x00",
    }  # fmt: skip
    text = shown(letters_table([letter]))
    assert "3:17" in text
    assert "not_json" in text
    assert "{\\x00" in text
    assert "no dead letters" in shown(letters_table([]))


def test_a_picture_can_be_saved(tmp_path: Path) -> None:
    save_svg(render(a_board()), str(tmp_path / "board.svg"))
    assert (tmp_path / "board.svg").read_text(encoding="utf-8").startswith("<svg")
