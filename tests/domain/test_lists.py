"""Lists are written anew whenever anything that they show is different."""

from typing import Any

import msgspec
import pytest

from agents.domain.lists import Lists
from agents.domain.ranking import Top
from agents.domain.rows import Gift, Gifter


def gifters(window: int, **changed: dict[str, Any]) -> Top[Gifter]:
    top: Top[Gifter] = Top(10)
    for name, value in (("anna", 5), ("ben", 7)):
        fields: dict[str, Any] = {"name": name.title(), "value": value, "sends": 1, "reached_ms": 9}
        top.offer(name, Gifter(window, **fields | changed.get(name, {})))
    return top


def gifts(window: int, **changed: dict[str, Any]) -> Top[Gift]:
    top: Top[Gift] = Top(20)
    for name, value in (("rose", 5), ("lion", 7)):
        fields: dict[str, Any] = {"name": name.title(), "value": value, "sends": 2}
        top.offer(name, Gift(window, **fields | changed.get(name, {})))
    return top


def told(shown: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(shown))


def test_two_windows_that_show_the_same_share_what_was_written() -> None:
    lists = Lists()
    assert lists.entries(gifters(1)) is lists.entries(gifters(2))
    assert lists.gifts(gifts(1)) is lists.gifts(gifts(2))


def test_the_sum_is_that_of_the_gifts_shown() -> None:
    assert Lists().gifts(gifts(1))[1:] == (12, 4)


@pytest.mark.parametrize(
    "changed",
    [
        {"ben": {"value": 8}},
        {"ben": {"sends": 2}},
        {"ben": {"reached_ms": 8}},
        {"ben": {"name": "Benjamin"}},
        {"ben": {"name": None}},
        {"anna": {"value": 7, "reached_ms": 8}},
    ],
)
def test_another_gifter_or_another_thing_about_one_is_written_anew(changed: dict[str, dict[str, Any]]) -> None:
    lists, other = Lists(), gifters(2, **changed)
    lists.entries(gifters(1))
    assert told(lists.entries(other)) == told(Lists().entries(other))
    assert told(lists.entries(other)) != told(lists.entries(gifters(1)))


@pytest.mark.parametrize("changed", [{"rose": {"value": 6}}, {"rose": {"sends": 3}}, {"rose": {"name": None}}])
def test_another_thing_about_a_gift_is_written_anew(changed: dict[str, dict[str, Any]]) -> None:
    lists, other = Lists(), gifts(2, **changed)
    lists.gifts(gifts(1))
    assert told(lists.gifts(other).shown) == told(Lists().gifts(other).shown)
    assert lists.gifts(other) != lists.gifts(gifts(1))


def test_one_more_is_another_list() -> None:
    lists, more = Lists(), gifters(2)
    lists.entries(gifters(1))
    more.offer("cleo", Gifter(2, "Cleo", 1, 1, 9))
    assert [entry["id"] for entry in told(lists.entries(more))] == ["ben", "anna", "cleo"]


def test_none_are_an_empty_list() -> None:
    assert told(Lists().entries(Top(10))) == []
    assert told(Lists().gifts(Top(20)).shown) == []
