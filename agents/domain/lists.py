"""The lists on the boards as JSON, written once for all windows of a stream that show the same.

A stream's windows often do: until one of them turns, all its gifts are in each.
"""

from typing import Any, Final, NamedTuple

from msgspec import Raw
from msgspec.json import Encoder

from agents.domain.ranking import Top, competition_ranks
from agents.domain.rows import Gift, Gifter
from schemas.board import Entry, GiftTotal

_encode: Final = Encoder().encode


class Gifts(NamedTuple):
    """A list of gifts as it is published, and what they brought together."""

    shown: Any
    value: int
    sends: int


class Lists:
    """Writes lists, and reuses what it wrote last if it is the same again.

    Rows change in place: good for one cut, in which none does.
    """

    __slots__ = ("_entries", "_gifts", "_top", "_top_gifts")

    def __init__(self) -> None:
        self._top: Top[Gifter] = Top(1)
        self._entries = Raw(b"[]")
        self._top_gifts: Top[Gift] = Top(1)
        self._gifts = Gifts(Raw(b"[]"), 0, 0)

    def entries(self, top: Top[Gifter]) -> Any:
        """Return the `schemas.board.Entry`s of a top."""
        if not same_gifters(top.rows, self._top.rows):
            self._top, self._entries = top, Raw(_encode(_entries(top.ranked())))
        return self._entries

    def gifts(self, top: Top[Gift]) -> Gifts:
        """Return the `schemas.board.GiftTotal`s of a top, and their sum."""
        if not same_gifts(top.rows, self._top_gifts.rows):
            self._top_gifts, self._gifts = top, _gifts(top.ranked())
        return self._gifts


def same_gifters(these: dict[str, Gifter], those: dict[str, Gifter]) -> bool:
    """Tell whether both show the same, and so in the same order. They may be taken for different ones that are not."""
    if list(these) != list(those):
        return False
    rows, twins = list(these.values()), list(those.values())
    for at in range(len(rows)):
        row, twin = rows[at], twins[at]
        if row.value != twin.value or row.sends != twin.sends:
            return False
        if row.reached_ms != twin.reached_ms or row.name != twin.name:
            return False
    return True


def same_gifts(these: dict[str, Gift], those: dict[str, Gift]) -> bool:
    """Tell whether both show the same, and so in the same order. They may be taken for different ones that are not."""
    if list(these) != list(those):
        return False
    rows, twins = list(these.values()), list(those.values())
    for at in range(len(rows)):
        row, twin = rows[at], twins[at]
        if row.value != twin.value or row.sends != twin.sends or row.name != twin.name:
            return False
    return True


def _entries(ranked: list[tuple[str, Gifter]]) -> list[Entry]:
    ranks = competition_ranks([row.value for _, row in ranked])
    shown: list[Entry] = []
    for at, (name, row) in enumerate(ranked):
        shown.append(Entry(ranks[at], at + 1, name, row.name, row.value, row.sends, row.reached_ms))
    return shown


def _gifts(ranked: list[tuple[str, Gift]]) -> Gifts:
    shown: list[GiftTotal] = []
    value = sends = 0
    for gift_id, gift in ranked:
        value += gift.value
        sends += gift.sends
        shown.append(GiftTotal(gift_id, gift.name, gift.value, gift.sends))
    return Gifts(Raw(_encode(shown)), value, sends)
