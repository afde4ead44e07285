"""Records of several partitions come out in the order of their append times, however they were fetched."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from app.repartition.append_order import AppendOrder


class Record(NamedTuple):
    """As the broker keeps it."""

    timestamp: int
    partition: int
    offset: int


def log(partition: int, *times: int, first: int = 0) -> list[Record]:
    return [Record(at, partition, first + number) for number, at in enumerate(times)]


def fed(ordered: AppendOrder, *logs: Sequence[Record]) -> AppendOrder:
    for one in logs:
        ordered.add(one[0].partition, one, one[-1].offset + 1)
    return ordered


def opened(**ends: int) -> AppendOrder:
    """Return one for partitions 0, 1, ... that begin at 0."""
    ordered = AppendOrder(dict.fromkeys(range(len(ends)), 0))
    ordered.open(dict(enumerate(ends.values())))
    return ordered


def test_the_older_comes_first_and_ties_go_by_partition_and_offset() -> None:
    ordered = fed(opened(a=3, b=2), log(0, 10, 20, 20), log(1, 5, 20))
    assert ordered.take(9) == [(5, 1, 0), (10, 0, 0), (20, 0, 1), (20, 0, 2), (20, 1, 1)]


def test_a_partition_that_was_not_fetched_holds_the_others_up() -> None:
    ordered = fed(opened(a=2, b=2), log(0, 10, 20), log(1, 5))
    assert ordered.take(9) == [(5, 1, 0)]
    assert ordered.hungry() == [1]
    assert ordered.positions() == {0: 0, 1: 1}
    ordered.add(1, log(1, 15, first=1), 2)
    assert [one.timestamp for one in ordered.take(9)] == [10, 15, 20]


def test_one_at_its_end_does_not() -> None:
    ordered = fed(opened(a=2, b=0), log(0, 10, 20))
    assert ordered.hungry() == []
    assert [one.timestamp for one in ordered.take(9)] == [10, 20]


def test_one_whose_rest_no_reader_may_see_does_not() -> None:
    ordered = fed(opened(a=2, b=3), log(0, 10, 20), log(1, 5))
    assert len(ordered.take(9)) == 1
    ordered.add(1, [], 3)
    assert ordered.hungry() == []
    assert [one.timestamp for one in ordered.take(9)] == [10, 20]
    assert ordered.positions() == {0: 2, 1: 3}


def test_what_lies_behind_an_end_waits_for_the_next_one() -> None:
    ordered = fed(opened(a=1, b=2), log(0, 10, 20), log(1, 15, 30))
    assert [one.timestamp for one in ordered.take(9)] == [10, 15, 30]
    assert ordered.positions() == {0: 1, 1: 2}
    ordered.open({0: 2, 1: 2})
    assert [one.timestamp for one in ordered.take(9)] == [20]


def test_not_more_than_was_asked_for() -> None:
    ordered = fed(opened(a=3), log(0, 1, 2, 3))
    assert [one.timestamp for one in ordered.take(2)] == [1, 2]
    assert [one.timestamp for one in ordered.take(2)] == [3]
    assert ordered.take(2) == []


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=12).map(sorted), min_size=1, max_size=4),
    st.data(),
)
def test_it_is_the_order_of_append_times_however_it_is_fetched(times: list[list[int]], data: st.DataObject) -> None:
    logs = [log(number, *one) for number, one in enumerate(times)]
    out: list[Record] = []
    ordered = AppendOrder(dict.fromkeys(range(len(logs)), 0))
    ordered.open({number: len(one) for number, one in enumerate(logs)})
    fetched = [0] * len(logs)
    while len(out) < sum(map(len, logs)):
        for number in ordered.hungry():
            begin = fetched[number]
            end = fetched[number] = begin + data.draw(st.integers(1, 4))
            ordered.add(number, logs[number][begin:end], end)
        out += ordered.take(data.draw(st.integers(1, 5)))
    assert out == sorted(one for each in logs for one in each)
