import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.ranking import GIFTS_SHOWN, Top, competition_ranks
from agents.domain.rows import Gift, Gifter


def gifter(value: int, reached_ms: int = 0) -> Gifter:
    return Gifter(None, value, 1, reached_ms)


@pytest.mark.parametrize(
    ("rows", "order"),
    [
        ({"a": gifter(1), "b": gifter(2)}, "ba"),
        ({"a": gifter(5, 20), "b": gifter(5, 10)}, "ba"),
        ({"b": gifter(5, 10), "a": gifter(5, 10), "B": gifter(5, 10)}, "Bab"),
        ({"a": gifter(0, 1), "b": gifter(1, 9)}, "ba"),
        ({}, ""),
    ],
)
def test_value_counts_first_then_the_earlier_then_the_id(rows: dict[str, Gifter], order: str) -> None:
    top: Top[Gifter] = Top(10)
    for name, row in rows.items():
        top.offer(name, row)
    assert "".join(name for name, _ in top.ranked()) == order


def test_gifts_of_equal_value_are_ordered_by_sends() -> None:
    top: Top[Gift] = Top(GIFTS_SHOWN)
    for name, value, sends in (("a", 5, 1), ("b", 5, 3), ("c", 6, 1)):
        top.offer(name, Gift(None, value, sends))
    assert [name for name, _ in top.ranked()] == ["c", "b", "a"]


def test_a_row_may_be_in_several_tops_and_leaves_them_one_by_one() -> None:
    first: Top[Gifter] = Top(1, 1)
    second: Top[Gifter] = Top(2, 2)
    shared, better = gifter(5), gifter(6)
    for top in (first, second):
        top.offer("a", shared)
        top.offer("b", better)
    assert (shared.listed, better.listed) == (2, 3)
    assert (list(first.rows), list(second.rows)) == (["b"], ["a", "b"])


def test_another_row_takes_the_place_of_one_in_a_top() -> None:
    top: Top[Gifter] = Top(2, 2)
    top.offer("a", gifter(5))
    another = gifter(5)
    top.put("a", another)
    assert (top.ranked(), another.listed) == ([("a", another)], 2)


@pytest.mark.parametrize(
    ("values", "ranks"),
    [([], []), ([5], [1]), ([9, 5, 5, 1], [1, 2, 2, 4]), ([5, 5, 5], [1, 1, 1]), ([3, 2, 2, 2, 1], [1, 2, 2, 2, 5])],
)
def test_equal_values_share_a_rank(values: list[int], ranks: list[int]) -> None:
    assert competition_ranks(values) == ranks


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 3), st.integers(0, 9)), max_size=60),
)
def test_the_top_that_is_kept_is_the_top_of_a_full_sort(limit: int, gifts: list[tuple[str, int, int]]) -> None:
    rows: dict[str, Gifter] = {}
    top: Top[Gifter] = Top(limit)
    for name, value, at_ms in gifts:
        if name not in rows:
            rows[name] = gifter(0, at_ms)
        row = rows[name]
        row.value += value
        row.reached_ms = at_ms if value else row.reached_ms
        if row.value >= top.floor:
            top.offer(name, row)
        in_order = sorted(rows.items(), key=lambda item: (-item[1].value, item[1].reached_ms, item[0]))
        assert top.ranked() == in_order[:limit]
        assert {name for name, row in rows.items() if row.listed} == set(top.rows)
