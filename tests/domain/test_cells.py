"""Rows of cells: a place for each window, and behind them the cells whose boards still live."""

from typing import Any

import pytest
from msgspec.msgpack import decode, encode

from agents.domain.cells import Cells, Gifters, Gifts, Streamers
from agents.domain.rows import Gift, Gifter, Streamer

MINUTE, HOUR, DAY, STREAM = range(4)
ALIVE = range(100)

KINDS = [
    (Gifters, lambda window: Gifter(window, "Ana", 5, 1, 1_000), 4),
    (Gifts, lambda window: Gift(window, "Rose", 5, 1), 4),
    (Streamers, lambda window: Streamer(window, "c", "Channel", 5, 1, 1_000), 3),
]


def gifter(window: int) -> Gifter:
    return Gifter(window, None, 0, 1, 0)


def fields_of(row: Cells) -> list[Any]:
    """Return what a row's bytes say, as they are read."""
    fields: list[Any] = decode(encode(row.pack()))
    return fields


def windows(row: Cells) -> list[int]:
    return [cell.window for cell in row.all()]


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
def test_a_row_is_written_with_all_its_places_and_read_as_it_was(kind: Any, cell: Any, places: int) -> None:
    row = kind()
    assert (windows(row), len(row)) == ([-1] * places, places)
    for place in range(places):
        row.turn(place, cell(place), ALIVE)
    row.turn(MINUTE, cell(60), ALIVE)
    assert windows(row) == [60, *range(1, places), 0]
    read = kind.unpack(fields_of(row))
    assert (read.pack(), len(read)) == (row.pack(), places + 1)
    assert [read.at(place).window for place in range(places)] == windows(row)[:places]


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
def test_a_cell_that_says_the_same_as_the_one_before_is_written_as_its_window(
    kind: Any, cell: Any, places: int
) -> None:
    row = kind()
    row.turn(MINUTE, cell(60), ALIVE)
    for place in range(1, places):
        row.turn(place, cell(place), ALIVE)
    assert fields_of(row) == [list(cell(60).pack()), *range(1, places)]
    assert [each.pack() for each in kind.unpack(fields_of(row)).all()] == [each.pack() for each in row.all()]


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
def test_one_that_differs_in_anything_is_written_whole(kind: Any, cell: Any, places: int) -> None:
    for at in range(1, len(cell(0).pack())):
        row, fields = kind(), list(cell(1).pack())
        fields[at] = "other" if isinstance(fields[at], str) else fields[at] + 1
        row.turn(MINUTE, cell(0), ALIVE)
        row.turn(HOUR, type(cell(0))(*fields), ALIVE)
        assert fields_of(row)[1] == fields
        assert kind.unpack(fields_of(row)).at(HOUR).pack() == tuple(fields)


def test_the_cells_of_a_row_that_was_read_part() -> None:
    row = Gifters.unpack([[10, "Ana", 5, 1, 1_000], 11, 12, 13])
    row.at(MINUTE).value += 1
    assert [cell.value for cell in row.all()] == [6, 5, 5, 5]


def test_a_row_with_fewer_cells_than_places_is_read_and_the_other_places_are_empty() -> None:
    read = Gifters.unpack([[10, "Ana", 5, 1, 1_000], [11, None, 0, 1, 1_000]])
    assert (windows(read), len(read)) == ([10, 11, -1, -1], 4)


def test_who_has_given_to_another_window_is_found_there_as_long_as_its_board_lives() -> None:
    row = Gifters()
    first, second, third = gifter(10), gifter(20), gifter(30)
    row.turn(MINUTE, first, ALIVE)
    assert row.find(10) is None, "it is in its place"
    row.turn(MINUTE, second, ALIVE)
    assert row.find(10) is first
    row.turn(MINUTE, third, {20, 30})
    assert (row.find(10), row.find(20)) == (None, second)


def test_a_late_gift_turns_a_row_back_and_keeps_each_cell_once() -> None:
    row = Gifters()
    early, later = gifter(10), gifter(20)
    row.turn(MINUTE, early, ALIVE)
    row.turn(MINUTE, later, ALIVE)
    row.turn(MINUTE, row.find(10), ALIVE)
    assert row.at(MINUTE) is early
    assert windows(row) == [10, -1, -1, -1, 20]


def test_empty_places_are_shared_and_never_left_behind() -> None:
    one, other = Gifters(), Gifters()
    one.turn(STREAM, gifter(3), ALIVE)
    one.turn(HOUR, gifter(4), ALIVE)
    assert (len(one), windows(other)) == (4, [-1] * 4)


@pytest.mark.parametrize(("kind", "cell", "places"), KINDS)
@pytest.mark.parametrize("change", [lambda fields: fields[:-1], lambda fields: [*fields, 0]])
def test_a_cell_with_too_few_or_too_many_fields_is_not_read(kind: Any, cell: Any, places: int, change: Any) -> None:
    fields = [list(cell(place).pack()) for place in range(places)]
    with pytest.raises(ValueError, match="values to unpack"):
        kind.unpack([change(fields[0]), *fields[1:]])
