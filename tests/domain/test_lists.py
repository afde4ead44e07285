"""The lists on the boards: in order, with ranks, and the gifts with their sum."""

from agents.domain.lists import entries, gifts
from agents.domain.ranking import Top
from agents.domain.rows import Gift, Gifter
from schemas.board import Entry, GiftTotal


def test_entries_are_in_order_and_equal_values_share_a_rank() -> None:
    top: Top[Gifter] = Top(10)
    for name, value, reached_ms in (("anna", 5, 9), ("ben", 7, 9), ("cleo", 7, 8)):
        top.offer(name, Gifter(name.title(), value, 1, reached_ms))
    assert entries(top) == [
        Entry(1, 1, "cleo", "Cleo", 7, 1, 8),
        Entry(1, 2, "ben", "Ben", 7, 1, 9),
        Entry(3, 3, "anna", "Anna", 5, 1, 9),
    ]


def test_gifts_come_with_their_sum() -> None:
    top: Top[Gift] = Top(20)
    top.offer("rose", Gift("Rose", 5, 1))
    top.offer("lion", Gift(None, 7, 3))
    assert gifts(top) == ([GiftTotal("lion", None, 7, 3), GiftTotal("rose", "Rose", 5, 1)], 12, 4)


def test_none_are_an_empty_list() -> None:
    assert entries(Top(10)) == []
    assert gifts(Top(20)) == ([], 0, 0)
