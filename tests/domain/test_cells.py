"""Rows of cells: a place for each window, and behind them the cells whose boards still live."""

from typing import Any

import pytest
from msgspec.msgpack import decode, encode

from agents.domain.board import Board, ScopeBoard, WindowBoards
from agents.domain.book import Book
from agents.domain.cells import Cells, Gifters, Gifts, Streamers
from agents.domain.rows import Gift, Gifter, Scope, Streamer, Total
from app.engine.rows import Pressure
from app.pipeline import new_tables
from schemas.board import Window
from schemas.ids import WindowName

MINUTE, HOUR, DAY, STREAM = range(4)

KINDS = [
    (Gifters, lambda: Gifter("Ana", 5, 1, 1_000), 4),
    (Gifts, lambda: Gift("Rose", 5, 1), 4),
    (Streamers, lambda: Streamer("c", "Channel", 5, 1, 1_000), 3),
]


def alive(*ids: int) -> dict[int, Any]:
    """Return windows whose boards live, but have nobody in their tops."""
    return dict.fromkeys(ids)


ALIVE = alive(*range(100))


def board_of(kind: Any, window: WindowName) -> Board | ScopeBoard:
    within = WindowBoards("coin", Window(window, 0, 1), 1, None)
    if kind is Streamers:
        return ScopeBoard(within, "DE", {}, Scope(0, 0, -1), 10)
    tables, _ = new_tables(Pressure())
    return Board(within, Book("tiktok:1", "coin", tables), Total("c", None, 0, 0, 0, 0, -1), 10)


def gifter(sends: int = 1) -> Gifter:
    return Gifter(None, 0, sends, 0)


def fields_of(row: Cells) -> list[Any]:
    """Return what a row's bytes say, as they are read."""
    fields: list[Any] = decode(encode(row.pack()))
    return fields


def windows(row: Cells) -> list[int]:
    return [window for window, _ in row.all()]


def said(row: Cells) -> list[Any]:
    return [cell.in_window(window) for window, cell in row.all()]


def turn(row: Cells, at: int, window: int, cell: Any, live: dict[int, Any] = ALIVE) -> int:
    """Turn one place, with those behind it as they are."""
    before = windows(row)[at + 1 : 4 if not isinstance(row, Streamers) else 3]
    return row.turn(at, (window, *before), cell, "ana", live)


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
def test_a_row_is_written_with_all_its_places_and_read_as_it_was(kind: Any, cell: Any, places: int) -> None:
    row = kind()
    assert (windows(row), len(row)) == ([-1] * places, places)
    row.turn(MINUTE, tuple(range(places)), cell(), "ana", ALIVE)
    turn(row, MINUTE, 60, cell())
    assert windows(row) == [60, *range(1, places), 0]
    read = kind.unpack(fields_of(row))
    assert (read.pack(), len(read)) == (row.pack(), places + 1)
    assert [read.window(place) for place in range(places)] == windows(row)[:places]
    assert said(read) == said(row)


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
def test_a_cell_that_says_the_same_as_the_one_before_is_written_as_its_window(
    kind: Any, cell: Any, places: int
) -> None:
    row = kind()
    for place in reversed(range(places)):
        turn(row, place, place, cell())
    assert row.at(MINUTE) is not row.at(HOUR)
    assert fields_of(row) == [list(cell().in_window(0)), *range(1, places)]
    assert said(kind.unpack(fields_of(row))) == said(row)


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
def test_one_that_differs_in_anything_is_written_whole(kind: Any, cell: Any, places: int) -> None:
    for at in range(1, len(cell().in_window(0))):
        row, fields = kind(), list(cell().in_window(1))
        fields[at] = "other" if isinstance(fields[at], str) else fields[at] + 1
        turn(row, HOUR, 1, type(cell())(*fields[1:]))
        turn(row, MINUTE, 0, cell())
        assert fields_of(row)[1] == fields
        assert kind.unpack(fields_of(row)).at(HOUR).in_window(1) == tuple(fields)


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
def test_places_that_turn_together_share_a_new_cell_until_one_turns_alone(kind: Any, cell: Any, places: int) -> None:
    row, fresh = kind(), cell()
    assert row.turn(MINUTE, tuple(range(places)), fresh, "ana", ALIVE) == 2**places - 1
    assert all(row.at(place) is fresh for place in range(places))
    assert turn(row, MINUTE, 60, cell()) == 1
    row.at(HOUR).value += 1
    assert [each.value for _, each in row.all()] == [5, *[6] * (places - 1), 5]
    assert all(row.at(place) is fresh for place in range(1, places))


def test_new_cells_with_another_one_between_them_are_not_shared() -> None:
    row = Gifters()
    turn(row, HOUR, 1, gifter(7))
    assert row.turn(MINUTE, (0, 1, 2, 3), gifter(), "ana", ALIVE) == 0b1101
    assert row.at(MINUTE) is not row.at(DAY)
    assert row.at(DAY) is row.at(STREAM)
    assert [cell.sends for _, cell in row.all()] == [1, 7, 1, 1]


@pytest.mark.parametrize("live", [ALIVE, alive(1, 3, 20)], ids=["the day lives", "it is dead"])
def test_no_cell_is_on_both_sides_of_a_day_that_turns_within_an_hour(live: dict[int, Any]) -> None:
    row = Gifters()
    row.turn(MINUTE, (0, 1, 2, 3), gifter(), "ana", ALIVE)
    assert row.turn(MINUTE, (10, 1, 20, 3), gifter(), "ana", live) == 0b0101
    hour, day, ever = (row.at(place) for place in (HOUR, DAY, STREAM))
    assert len({id(cell) for cell in (row.at(MINUTE), hour, day, ever)}) == 4
    assert hour.in_window(3) == ever.in_window(3)


def test_a_place_that_gets_no_gift_keeps_what_it_says() -> None:
    for live in (ALIVE, alive(1, 2, 3)):
        row = Gifters.unpack([[10, "Ana", 5, 1, 1_000], 1, 2, 3])
        assert row.turn(HOUR, (1, 2, 3), gifter(), "ana", live) == 0
        row.at(HOUR).value += 1
        assert [cell.value for _, cell in row.all()] == [5, 6, 6, 6]


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
def test_a_cell_that_parts_takes_the_place_in_its_own_top_only(kind: Any, cell: Any, places: int) -> None:
    boards: list[Any] = [board_of(kind, "1m"), board_of(kind, "1h")]
    live = {board.id: board for board in boards} | alive(2, 3, 60)
    top, other = (board.top_gifts if kind is Gifts else board.top for board in boards)
    row, shared = kind(), cell()
    row.turn(MINUTE, tuple(range(places)), shared, "ana", live)
    top.offer("ana", shared)
    other.offer("ana", shared)
    turn(row, MINUTE, 60, cell(), live)
    [_, *_, (window, left)] = row.all()
    assert (window, top.rows["ana"], other.rows["ana"]) == (0, left, shared)
    assert (left.listed, shared.listed) == (1, 2)


def test_one_that_parts_is_in_no_top_if_it_was_in_none() -> None:
    row = Gifters()
    row.turn(MINUTE, (0, 1, 2, 3), gifter(), "ana", ALIVE)
    turn(row, MINUTE, 60, gifter())
    assert [cell.listed for _, cell in row.all()] == [0] * 5


def test_the_places_of_a_row_that_was_read_share_what_says_the_same_and_nothing_behind_does() -> None:
    row = Gifters.unpack([[10, "Ana", 5, 1, 1_000], 11, [12, "Ana", 6, 2, 1_000], 13, 14])
    assert row.at(MINUTE) is row.at(HOUR)
    row.at(MINUTE).value += 10
    row.at(STREAM).value += 10
    assert [cell.value for _, cell in row.all()] == [15, 15, 16, 16, 6]


def test_a_row_with_fewer_cells_than_places_is_read_and_the_other_places_are_empty() -> None:
    read = Gifters.unpack([[10, "Ana", 5, 1, 1_000], [11, None, 0, 1, 1_000]])
    assert (windows(read), len(read)) == ([10, 11, -1, -1], 4)


def test_who_has_given_to_another_window_is_found_there_as_long_as_its_board_lives() -> None:
    row = Gifters()
    first, second, third = gifter(1), gifter(2), gifter(3)
    assert turn(row, MINUTE, 10, first) == 1
    assert turn(row, MINUTE, 20, second) == 1
    assert (windows(row), said(row)[-1]) == ([20, -1, -1, -1, 10], first.in_window(10))
    assert turn(row, MINUTE, 30, third, alive(20, 30)) == 1
    assert windows(row) == [30, -1, -1, -1, 20]
    assert turn(row, MINUTE, 20, gifter(), alive(20, 30)) == 0
    assert row.at(MINUTE) is second


def test_a_late_gift_turns_a_row_back_and_keeps_each_cell_once() -> None:
    row = Gifters()
    early, later = gifter(), gifter()
    turn(row, MINUTE, 10, early)
    turn(row, MINUTE, 20, later)
    assert turn(row, MINUTE, 10, gifter()) == 0
    assert row.at(MINUTE) is early
    assert windows(row) == [10, -1, -1, -1, 20]


def test_empty_places_are_shared_and_never_left_behind() -> None:
    one, other = Gifters(), Gifters()
    turn(one, STREAM, 3, gifter())
    turn(one, HOUR, 4, gifter())
    assert (len(one), windows(other)) == (4, [-1] * 4)


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
@pytest.mark.parametrize("change", [lambda fields: fields[:-1], lambda fields: [*fields, 0]])
def test_a_cell_with_too_few_or_too_many_fields_is_not_read(kind: Any, cell: Any, places: int, change: Any) -> None:
    fields = [list(cell().in_window(place)) for place in range(places)]
    with pytest.raises(ValueError, match="values to unpack"):
        kind.unpack([change(fields[0]), *fields[1:]])
