"""Changed rows are written as the records aiokafka makes of their keys and values, by a kernel in C if it is there."""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.engine.changelog import changed_rows
from app.engine.filling import filled_with_rows
from app.engine.rows import Family, Row, Rows
from tests.engine.test_encode import Packed
from tests.engine.test_filling import NOW, by_aiokafka, told

NAMES = st.text(st.characters(exclude_characters=" ", codec="utf-8"))
FIELD = st.binary(max_size=200) | st.sets(st.integers(0, 9))
CHANGES = st.dictionaries(NAMES, st.dictionaries(NAMES, st.none() | FIELD.map(Packed), min_size=1))
SIZES = (0, 1, 50, 62, 63, 64, 65, 127, 128, 8_100, *range(8_170, 8_196), 16_384, (1 << 20) - 1, 1 << 20)
"""Around those from which on the size of a key, a value or a record takes a byte more."""

COMMIT: Row = (b"\x00commit", b"position")


def families(changes: dict[str, dict[str, Packed | None]]) -> list[Family[Any]]:
    """Return one family whose rows have a `pack`, and one of lists, which msgspec writes."""
    packed: Family[Packed] = Family("w", Packed, version=2, older={1: Packed.unpack})
    plain: Family[list[Any]] = Family("l", list, version=2, older={1: list})
    for group, rows in changes.items():
        for member, row in rows.items():
            packed.changed.setdefault(group, []).extend((member, row))
            plain.changed.setdefault(group, []).extend((member, None if row is None else [*row.fields]))
    return [packed, plain]


def expected(changes: dict[str, dict[str, Packed | None]]) -> list[Row]:
    encode = msgspec.msgpack.encode
    return [
        (f"{tag}{group} {member}".encode(), None if row is None else b"\xc1\x02" + encode(row.fields))
        for tag in "wl"
        for group, rows in changes.items()
        for member, row in rows.items()
    ]


@given(CHANGES)
@example({"g": {f"{size}": Packed("x" * size) for size in SIZES}})
@example({"g": {"k" * size: None for size in SIZES}})
@example({f"{group}": {f"{at}": Packed(at) for at in range(300)} for group in range(30)})
def test_changed_rows_are_the_records_that_aiokafka_makes(changes: dict[str, dict[str, Packed | None]]) -> None:
    rows, same = changed_rows(families(changes)), [*expected(changes), COMMIT]
    rows.add(*COMMIT)
    assert list(rows) == same
    assert told(filled_with_rows(rows, NOW, "t[3]")) == told(by_aiokafka(same))


@given(st.lists(st.tuples(st.binary(min_size=1), st.none() | st.binary())))
@example([(b"k" * size, None) for size in SIZES if size] + [(b"k", b"v" * size) for size in SIZES])
def test_rows_are_read_back_as_they_were_added(rows: list[Row]) -> None:
    assert list(Rows(rows)) == rows
    assert len(Rows(rows)) == len(rows)


class Doing(Packed):
    """A row that does something else while it is written."""

    def __init__(self, action: Callable[[], Any]) -> None:
        super().__init__("done")
        self.action = action

    def pack(self) -> tuple[Any, ...]:
        self.action()
        return super().pack()


def fails() -> None:
    raise LookupError("no fields")


def family_with(*rows: Packed) -> Family[Packed]:
    family: Family[Packed] = Family("w", Packed)
    for at, row in enumerate(rows):
        family.put("group", f"{at}", row)
    return family


def test_what_stands_before_a_row_that_fails_is_whole_and_all_is_still_there_to_be_written() -> None:
    family, rows = family_with(Packed(1), Doing(fails), Packed(3)), Rows()
    with pytest.raises(LookupError, match="no fields"):
        family.take_rows(rows)
    assert bytes(rows.records) == bytes(Rows([(b"wgroup 0", b"\x91\x01")]).records)
    assert len(family.changed["group"]) == 6


def test_records_stay_whole_if_a_row_writes_others_while_it_is_written() -> None:
    rows = Rows()
    family_with(Packed(1), Doing(lambda: rows.add(b"other", b"x" * 9_000)), Packed(3)).take_rows(rows)
    assert [key for key, _ in rows] == [b"wgroup 0", b"other", b"wgroup 1", b"wgroup 2"]


def test_records_that_somebody_looks_at_are_not_moved() -> None:
    rows = Rows([(b"key", b"value")])
    with memoryview(rows.records), pytest.raises(BufferError):
        family_with(Packed("x" * 9_000)).take_rows(rows)
    assert list(rows) == [(b"key", b"value")]


@pytest.mark.parametrize("written", ["text", 5])
def test_a_row_that_is_not_written_as_bytes_is_refused(written: Any) -> None:
    family: Family[list[int]] = Family("w", list)
    family.form.encode = lambda row: written
    family.put("group", "member", [])
    with pytest.raises(TypeError):
        changed_rows([family])


@pytest.mark.parametrize(
    "others", [(), (Packed({1}),), (Packed("\ud800"),), (Doing(fails),)], ids=["", "set", "text", "error"]
)
def test_nothing_of_a_row_is_held_once_it_is_written(others: tuple[Packed, ...]) -> None:
    row = Packed([1.5], "text")
    things = [row, row.fields, *row.fields, *others]
    before = [sys.getrefcount(thing) for thing in things]
    for _ in range(9):
        family = family_with(row, *others, row)
        with suppress(LookupError, UnicodeEncodeError):
            changed_rows([family])
        del family
    assert [sys.getrefcount(thing) for thing in things] == before
