"""What one counted gift changes: its stream's boards in each window, and those of all streams.

This is the hot path: a gift changes some twenty rows. So the methods here loop over the windows themselves, and a
total is told to its family only at its first change after a cut.
"""

from sys import intern
from typing import Final

from agents.domain.board import AnyBoard, ScopeBoard
from agents.domain.board_index import BoardIndex, Found
from agents.domain.closing import Closing
from agents.domain.ranking import GIFTS_SHOWN, Ranked, Top, entry_key, gift_key
from agents.domain.rows import Gift, Gifter, Streamer
from agents.domain.rules import Rules
from agents.domain.tables import Tables
from schemas.gift import GiftEvent

NAME_CHARS: Final = 64
NAME_BYTES: Final = 2 * NAME_CHARS
"""Estimated for the names in a row."""


class Boards:
    """Applies counted gifts to the boards of one partition, and notes in `pending` which of them changed."""

    __slots__ = ("_changed", "_closing", "_index", "_limit", "_pending", "_tables")

    def __init__(
        self, rules: Rules, tables: Tables, index: BoardIndex, closing: Closing, pending: dict[AnyBoard, int]
    ) -> None:
        self._limit = rules.top_n
        self._tables = tables
        self._index = index
        self._closing = closing
        self._pending = pending
        self._changed: set[AnyBoard] = set()

    def count(self, event: GiftEvent, quantity: int, value: int, offset: int, late: bool, watermark: int) -> None:
        """Add a quantity and a value to every board that the event belongs to; `late`: not to `1m`."""
        boards = self._index.of(event, late, watermark)
        self._totals(boards, event, quantity, value, offset)
        self._gifts(boards, event, quantity, value)
        if event.sender_id is not None:
            self._gifters(boards, event, event.sender_id, quantity, value)
        windows = boards[:-1]
        entries: list[tuple[ScopeBoard, Ranked]] = [(board.within.overall, board.row) for board in windows]
        if event.region is not None:
            entries += self._streamers(windows, event, event.region, quantity, value)
        self._scopes(entries, boards[-1].stream, quantity, value, offset)

    def cut(self) -> None:
        """The rows changed so far are about to be taken: each row's next change is told to its family again."""
        self._changed.clear()

    def _totals(self, boards: Found, event: GiftEvent, quantity: int, value: int, offset: int) -> None:
        at_ms, channel_id, name = event.event_time_ms, event.channel_id, event.channel_name
        if name is not None:
            name = name[:NAME_CHARS]
        changed = self._changed
        for board in boards:
            row = board.row
            row.value += value
            row.sends += quantity
            row.offset = offset
            row.channel_id = channel_id
            if name is not None:
                row.channel_name = name
            if value:
                row.reached_ms = at_ms
            if at_ms > row.last_ms:
                row.last_ms = at_ms
            if row.final_at:
                row.final_at = 0
                self._closing.opened(board)
            if board not in changed:
                self._tables.totals.put(board.within.key, board.stream, row, board.size + NAME_BYTES)
                self._has_changed(board, offset)

    def _gifts(self, boards: Found, event: GiftEvent, quantity: int, value: int) -> None:
        gift, name, put = event.gift_id, event.gift_name, self._tables.gifts.put
        if name is not None:
            name = name[:NAME_CHARS]
        for board in boards:
            gifts = board.gifts
            row = gifts.get(gift)
            if row is None:
                gift = intern(gift)
                row = Gift(name, value, quantity)
            else:
                row.value += value
                row.sends += quantity
                if name is not None:
                    row.name = name
            put(board.key, gift, row, board.size + NAME_BYTES)
            if len(gifts) > GIFTS_SHOWN:
                top = board.top_gifts
                if top is None:
                    board.top_gifts = Top(gifts, GIFTS_SHOWN, gift_key)
                elif row.value >= top.floor and gift not in top.rows:
                    top.offer(gift, row)

    def _gifters(self, boards: Found, event: GiftEvent, sender: str, quantity: int, value: int) -> None:
        at_ms, name, limit, put = event.event_time_ms, event.sender_name, self._limit, self._tables.gifters.put
        if name is not None:
            name = name[:NAME_CHARS]
        for board in boards:
            gifters = board.gifters
            row = gifters.get(sender)
            if row is None:
                sender = intern(sender)
                row = Gifter(name, value, quantity, at_ms)
            else:
                row.value += value
                row.sends += quantity
                if value:
                    row.reached_ms = at_ms
                if name is not None:
                    row.name = name
            put(board.key, sender, row, board.size + NAME_BYTES)
            if len(gifters) > limit:
                top = board.top
                if top is None:
                    board.top = Top(gifters, limit, entry_key)
                elif row.value >= top.floor and sender not in top.rows:
                    top.offer(sender, row)

    def _streamers(
        self, boards: Found, event: GiftEvent, region: str, quantity: int, value: int
    ) -> list[tuple[ScopeBoard, Ranked]]:
        """Add to the stream's entry in the region's board of each window; return boards and entries."""
        at_ms, channel_id, name = event.event_time_ms, event.channel_id, event.channel_name
        put = self._tables.streams.put
        if name is not None:
            name = name[:NAME_CHARS]
        entries: list[tuple[ScopeBoard, Ranked]] = []
        for board in boards:
            scope = board.within.regions.get(region) or self._index.open_region(board.within, region)
            row = scope.regional.get(board.stream)
            if row is None:
                row = Streamer(channel_id, name, value, quantity, at_ms)
            else:
                row.value += value
                row.sends += quantity
                row.channel_id = channel_id
                if value:
                    row.reached_ms = at_ms
                if name is not None:
                    row.channel_name = name
            put(scope.key, board.stream, row, scope.size + NAME_BYTES)
            entries.append((scope, row))
        return entries

    def _scopes(
        self, entries: list[tuple[ScopeBoard, Ranked]], stream: str, quantity: int, value: int, offset: int
    ) -> None:
        """Add to the totals of the scopes' boards; the entries in them have been added to."""
        limit, changed = self._limit, self._changed
        for scope, entry in entries:
            row = scope.row
            row.value += value
            row.sends += quantity
            row.offset = offset
            if scope not in changed:
                self._tables.scopes.put(scope.key, "", row, scope.size)
                self._has_changed(scope, offset)
            if len(scope.streams) > limit:
                top = scope.top
                if top is None:
                    scope.top = Top(scope.streams, limit, entry_key)
                elif entry.value >= top.floor and stream not in top.rows:
                    top.offer(stream, entry)

    def _has_changed(self, board: AnyBoard, offset: int) -> None:
        self._changed.add(board)
        if board not in self._pending:
            self._pending[board] = offset
