"""Rows with a `pack` are written as msgspec writes their fields: the same bytes, by a kernel in C if it is there."""

from datetime import UTC, datetime
from typing import Any, Self

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.engine.changelog import changed_rows
from app.engine.row_form import HEAD
from app.engine.rows import Family

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
FIELDS = st.recursive(
    SCALARS,
    lambda some: st.lists(some) | st.lists(some).map(tuple) | st.dictionaries(st.text() | st.integers(0, 2**40), some),
)
SIZES = (0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536)
"""Around those from which on a size takes a byte more."""

EDGES = [sign * 2**bits + by for bits in (5, 7, 8, 15, 16, 31, 32, 63) for sign in (1, -1) for by in (-1, 0, 1)]


class Packed:
    """A row that consists of anything."""

    def __init__(self, *fields: Any) -> None:
        self.fields = fields

    @classmethod
    def unpack(cls, fields: list[Any]) -> Self:
        return cls(*fields)

    def pack(self) -> tuple[Any, ...]:
        return self.fields


def written(*fields: Any, version: int = 1) -> bytes | None:
    older = dict.fromkeys(range(1, version), Packed.unpack)
    family: Family[Packed] = Family("w", Packed, version=version, older=older)
    family.put("group", "member", Packed(*fields))
    [(key, value)] = changed_rows([family])
    assert key == b"wgroup member"
    return value


@given(FIELDS)
@example(["\U0001f981" * 70, "\0", float("nan"), -0.0, float("inf")])
@example([number for number in EDGES if -(2**63) <= number < 2**64])
@example(["x" * size for size in SIZES])
@example([b"x" * size for size in SIZES])
@example([[None] * size for size in SIZES])
@example([{f"{at}": at for at in range(size)} for size in SIZES])
def test_fields_are_written_as_msgspec_writes_them(fields: Any) -> None:
    assert written(fields) == msgspec.msgpack.encode((fields,))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_version_stands_before_the_fields_if_it_is_not_the_first(version: int) -> None:
    head = b"" if version == 1 else bytes((HEAD, version))
    assert written("a", 1, version=version) == head + msgspec.msgpack.encode(("a", 1))


def nested(depth: int) -> list[Any]:
    return [] if depth == 0 else [nested(depth - 1)]


@pytest.mark.parametrize(
    "field",
    [datetime(2026, 1, 1, tzinfo=UTC), {1, 2}, nested(40)],
    ids=lambda field: type(field).__name__,
)
def test_what_is_unusual_in_a_row_is_written_by_msgspec_with_the_same_head(field: Any) -> None:
    assert written(field) == msgspec.msgpack.encode((field,))
    assert written("a", field, 2**40, version=2) == bytes((HEAD, 2)) + msgspec.msgpack.encode(("a", field, 2**40))


@pytest.mark.parametrize(
    ("field", "error"), [(2**64, OverflowError), (-(2**63) - 1, OverflowError), ("\ud800", UnicodeEncodeError)]
)
def test_what_cannot_be_written_is_an_error(field: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        written(field)


def test_an_error_of_a_row_is_told_as_it_is() -> None:
    class Broken(Packed):
        def pack(self) -> tuple[Any, ...]:
            raise LookupError("no fields")

    family: Family[Packed] = Family("w", Packed)
    family.put("group", "member", Broken())
    with pytest.raises(LookupError, match="no fields"):
        changed_rows([family])


def test_a_member_without_a_row_is_an_error() -> None:
    family: Family[Packed] = Family("w", Packed)
    family.changed["group"] = ["member", Packed(1), "other"]
    with pytest.raises((ValueError, IndexError)):
        changed_rows([family])


def test_keys_are_utf_8_and_deleted_rows_have_no_value() -> None:
    family: Family[Packed] = Family("w", Packed)
    for group, member in (("grüße", "🦁"), ("g", ""), ("", "")):
        family.put(group, member, Packed(1))
    family.delete("g", "")
    one = msgspec.msgpack.encode((1,))
    assert list(changed_rows([family])) == [
        ("wgrüße 🦁".encode(), one),
        (b"wg ", None),
        (b"w ", one),
    ]
