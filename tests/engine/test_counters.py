"""Counters add up by name and give what changed in a run: in plain Python, and by a kernel in C where it is."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.changelog import RowLoader, changed_rows
from app.engine.counters import Counted, CounterFamily, Counters, PlainCounters
from app.engine.errors import FormatUnknown
from app.engine.row_form import encode_row

EITHER = pytest.mark.parametrize("kind", [Counters, PlainCounters])
"""Without compiled code it is twice the same."""

SHORT = 32
"""Bytes of a name that the kernel keeps beside its numbers."""

EDGES = [sign * 2**bits + by for bits in (5, 7, 8, 15, 16, 31, 32, 62) for sign in (1, -1) for by in (-1, 0, 1)]
"""Around those from which on a number is written with more bytes."""

NAMES = st.integers(0, 40).map(str) | st.text(st.characters(codec="utf-8"), max_size=2 * SHORT)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(EDGES)
CALLS = st.one_of(
    st.tuples(st.just("add"), NAMES, st.integers(-(2**62), 2**62), NUMBERS),
    st.tuples(st.just("load"), st.dictionaries(NAMES, st.none() | st.tuples(NUMBERS, NUMBERS).map(encode_row))),
    st.tuples(st.just("behind"), NUMBERS),
    st.tuples(st.just("get"), NAMES),
    st.tuples(st.just("take")),
)


def by_name(taken: list[Any]) -> dict[str, Counted]:
    return dict(zip(taken[::2], taken[1::2], strict=True))


def said(counters: Any, call: tuple[Any, ...]) -> Any:
    name, *of = call
    try:
        said = getattr(counters, name)(*of)
        return sorted(by_name(said).items()) if name == "behind" else said
    except OverflowError as error:
        return str(error)


@given(st.lists(CALLS, max_size=200))
def test_both_say_the_same_whatever_is_asked(calls: list[tuple[Any, ...]]) -> None:
    compiled, plain = Counters(), PlainCounters()
    assert [said(compiled, call) for call in calls] == [said(plain, call) for call in calls]
    assert (len(compiled), compiled.take()) == (len(plain), plain.take())


@EITHER
def test_a_name_is_told_once_a_run_with_the_position_of_its_first_change(kind: type[Counters]) -> None:
    counters = kind()
    assert [counters.add(*one) for one in (("a", 1, 10), ("b", 2, 11), ("a", 3, 12))] == [1, 2, 0]
    assert counters.take() == ["a", (4, 10), "b", (2, 11)]
    assert counters.take() == []
    assert counters.add("b", 5, 13) == 1
    assert counters.take() == ["b", (7, 13)]


@EITHER
def test_what_is_loaded_is_no_change_and_is_added_to(kind: type[Counters]) -> None:
    counters = kind()
    counters.load({"a": encode_row((40, 7)), "b": None})
    assert (counters.get("a"), counters.get("b"), len(counters)) == ((40, 7), None, 1)
    assert counters.take() == []
    counters.add("a", 2, 9)
    assert counters.take() == ["a", (42, 9)]


@EITHER
def test_what_changed_behind_a_position_is_told_by_the_last_run_it_changed_in(kind: type[Counters]) -> None:
    counters = kind()
    for position, name in enumerate("abcb"):
        counters.add(name, 1, position)
        counters.take()
    assert [by_name(counters.behind(position)) for position in (3, 1, -1)] == [
        {},
        {"b": (2, 3), "c": (1, 2)},
        {"a": (1, 0), "b": (2, 3), "c": (1, 2)},
    ]


@EITHER
def test_many_names_are_kept_apart_also_while_the_table_grows_within_a_run(kind: type[Counters]) -> None:
    counters = kind()
    names = [f"{'long ' * (number % 20)}{number}" for number in range(5_000)]
    for run in range(3):
        for position, name in enumerate(names):
            counters.add(name, position, run)
        assert counters.take() == [part for at, name in enumerate(names) for part in (name, ((run + 1) * at, run))]
    assert len(counters) == len(names)


@EITHER
@pytest.mark.parametrize("size", [0, SHORT - 1, SHORT, SHORT + 1, 10_000])
def test_names_may_have_any_length_and_differ_in_their_last_character(kind: type[Counters], size: int) -> None:
    counters = kind()
    names = ["x" * size, "x" * size + "y", "x" * size + "z"]
    for value, name in enumerate(names):
        counters.add(name, value, 0)
    assert [counters.get(name) for name in names] == [(0, 0), (1, 0), (2, 0)]


@EITHER
@pytest.mark.parametrize(("value", "amount"), [(2**63 - 1, 1), (-(2**63), -1)])
def test_a_value_that_needs_more_than_64_bits_is_refused_and_nothing_changes(
    kind: type[Counters], value: int, amount: int
) -> None:
    counters = kind()
    counters.load({"a": encode_row((value, 3))})
    with pytest.raises(OverflowError, match="the value of 'a' would not fit into 64 bits"):
        counters.add("a", amount, 4)
    assert (counters.get("a"), counters.take()) == ((value, 3), [])


def test_what_is_no_name_or_number_is_refused_by_the_kernel() -> None:
    if find_spec("app.engine.count") is None:
        assert (
            Counters.__name__ == "PlainCounters"
        )  # which refuses nothing: what it gives is refused when it is written
        return
    counters = Counters()
    asked: list[tuple[Callable[..., Any], tuple[Any, ...], type[Exception]]] = [
        (counters.add, (b"a", 1, 2), TypeError),
        (counters.add, ("a", 1), TypeError),
        (counters.add, ("a", "1", 2), TypeError),
        (counters.add, ("a", 2**63, 2), OverflowError),
        (counters.add, ("\ud800", 1, 2), UnicodeEncodeError),
        (counters.get, (1,), TypeError),
        (counters.behind, ("a",), TypeError),
        (counters.load, ([],), TypeError),
        (counters.load, ({1: encode_row((1, 2))},), TypeError),
        (Counters, (1,), TypeError),
    ]
    for call, wrong, error in asked:
        with pytest.raises(error):
            call(*wrong)
    assert (len(counters), counters.take()) == (0, [])


@pytest.mark.parametrize(
    "written",
    [b"", b"\x92", b"\x92\x01", b"\x92\x01\xcd\x01", b"\x93\x01\x02\x03", b"\x92\x01\x02\x03", b"\x92\xa1a\x02"],
)
def test_a_row_that_is_not_two_numbers_is_refused_with_its_group(written: bytes) -> None:
    with pytest.raises(FormatUnknown, match=r"cannot read .*gstream"):
        RowLoader([CounterFamily("g")]).load([(b"gstream a", written)])


def test_what_was_taken_is_written_as_rows_and_comes_back_from_them() -> None:
    family, after = CounterFamily("g"), CounterFamily("g")
    counters = family.counters["stream"] = Counters()
    for position, name in enumerate(["a", "\U0001f981", "a"]):
        counters.add(name, 2**40, position)
    family.changed["stream"] = counters.take()
    loader = RowLoader([after])
    loader.load([*changed_rows([family]), (b"gstream b", None), (b"ganother b", None)])
    assert by_name(after.counters["stream"].behind(-1)) == {"a": (2**41, 0), "\U0001f981": (2**40, 1)}
    assert (len(after), loader.rows, [*after.counters]) == (2, 4, ["stream"])
