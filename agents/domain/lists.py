"""The lists on the boards, as the schemas have them."""

from typing import NamedTuple

from agents.domain.ranking import Top, competition_ranks
from agents.domain.rows import Gift, Gifter
from schemas.board import Entry, GiftTotal


class Gifts(NamedTuple):
    """A list of gifts as it is published, and what they brought together."""

    shown: list[GiftTotal]
    value: int
    sends: int


def entries(top: Top[Gifter]) -> list[Entry]:
    """Return the entries of a top, in order."""
    ranked = top.ranked()
    ranks = competition_ranks([row.value for _, row in ranked])
    shown: list[Entry] = []
    for at, (name, row) in enumerate(ranked):
        shown.append(Entry(ranks[at], at + 1, name, row.name, row.value, row.sends, row.reached_ms))
    return shown


def gifts(top: Top[Gift]) -> Gifts:
    """Return the gifts of a top, in order, and their sum."""
    shown: list[GiftTotal] = []
    value = sends = 0
    for gift_id, gift in top.ranked():
        value += gift.value
        sends += gift.sends
        shown.append(GiftTotal(gift_id, gift.name, gift.value, gift.sends))
    return Gifts(shown, value, sends)
