"""What a board adds up to: sums per id and per gift, and how they rank. Native units and ms."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Final

from msgspec import Struct

from schemas.board import GiftTotal, OtherGifts, Window
from schemas.gift import GiftEvent

NAME_LENGTH: Final = 64
TOP_GIFTS: Final = 20


class Line(Struct, gc=False):
    """One id of a board: a gifter, or a stream with the channel it belongs to."""

    id: str
    name: str | None
    value: int
    sends: int
    reached_ms: int
    channel_id: str = ""


class GiftSum(Struct, gc=False):
    """One gift of the catalogue on a board."""

    gift_id: str
    name: str | None = None
    value: int = 0
    sends: int = 0


@dataclass(slots=True)
class Tally:
    """One window of one stream, or of one scope, in one unit, after the record at offset `changed`.

    `opened_ms` is the event time of its first gift, `reached_ms` that of the gift that made the value.
    """

    owner: str
    unit: str
    window: Window
    changed: int = -1
    opened_ms: int = 0
    reached_ms: int = 0
    last_event_ms: int = 0
    value: int = 0
    sends: int = 0
    channel_id: str = ""
    channel_name: str | None = None
    lines: dict[str, Line] = field(default_factory=dict)
    gifts: dict[str, GiftSum] = field(default_factory=dict)

    def add(self, event: GiftEvent, offset: int, sends: int, value: int) -> None:
        """Add what a gift brought to the sums of the whole board."""
        if self.changed < 0:
            self.opened_ms = self.reached_ms = event.event_time_ms
        if value > 0:
            self.reached_ms = event.event_time_ms
        self.changed = offset
        self.last_event_ms = max(self.last_event_ms, event.event_time_ms)
        self.value += value
        self.sends += sends

    def add_gift(self, event: GiftEvent, sends: int, value: int) -> None:
        """Add what a gift brought to its kind, and take over the newest name of the channel."""
        self.channel_id = event.channel_id
        self.channel_name = newest(event.channel_name, self.channel_name)
        gift = self.gifts.get(event.gift_id)
        if gift is None:
            gift = self.gifts[event.gift_id] = GiftSum(event.gift_id)
        gift.name = newest(event.gift_name, gift.name)
        gift.value += value
        gift.sends += sends

    def add_line(self, id: str, name: str | None, event: GiftEvent, sends: int, value: int) -> None:
        """Add what a gift brought to a gifter or stream. A gift of no value was not what reached the value."""
        line = self.lines.get(id)
        if line is None:
            line = self.lines[id] = Line(id, None, 0, 0, event.event_time_ms)
        if value > 0:
            line.reached_ms = event.event_time_ms
        line.name = newest(name, line.name)
        line.channel_id = event.channel_id
        line.value += value
        line.sends += sends

    def top_gifts(self) -> tuple[list[GiftTotal], OtherGifts]:
        """Return the top 20 by value, then sends, then id, and the others taken together."""
        ranked = sorted(self.gifts.values(), key=lambda g: (-g.value, -g.sends, g.gift_id))
        top, rest = ranked[:TOP_GIFTS], ranked[TOP_GIFTS:]
        other = OtherGifts(len(rest), sum(g.value for g in rest), sum(g.sends for g in rest))
        return [GiftTotal(g.gift_id, g.name, g.value, g.sends) for g in top], other


def newest(name: str | None, before: str | None) -> str | None:
    """Return the name a board shows once `name` came in; null tells nothing new."""
    return before if name is None else name[:NAME_LENGTH]


def first(lines: Iterable[Line], count: int) -> list[Line]:
    """Return the `count` best lines: value descending, the earlier to reach it, then id."""
    return nsmallest(count, lines, key=lambda line: (-line.value, line.reached_ms, line.id))


def rank(lines: list[Line], line: Line) -> int:
    """Return the competition rank (1, 2, 2, 4) of a line among ordered ones."""
    return 1 + sum(other.value > line.value for other in lines)
