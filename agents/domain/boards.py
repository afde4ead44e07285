"""What one counted gift changes: its stream's boards in each window, and those of all streams. The hot path."""

from sys import intern
from typing import Final

from agents.domain.board import AnyBoard, Board, ScopeBoard
from agents.domain.board_index import BoardIndex
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

    def count(self, event: GiftEvent, quantity: int, value: int, offset: int, late: bool) -> None:
        """Add a quantity and a value to every board that the event belongs to; `late`: not to `1m`."""
        boards = self._index.of(event, late)
        known = event.sender_id is not None
        for board in boards:
            self._total(board, event, quantity, value, offset)
            self._gift(board, event, quantity, value)
            if known:
                self._gifter(board, event, quantity, value)
        for board in boards[:-1]:
            self._scopes(board, event, quantity, value, offset)

    def cut(self) -> None:
        """The rows changed so far are about to be taken: each row's next change is told to its family again."""
        self._changed.clear()

    def _total(self, board: Board, event: GiftEvent, quantity: int, value: int, offset: int) -> None:
        row, at_ms = board.row, event.event_time_ms
        row.value += value
        row.sends += quantity
        row.offset = offset
        if value:
            row.reached_ms = at_ms
        if at_ms > row.last_ms:
            row.last_ms = at_ms
        row.channel_id = event.channel_id
        if event.channel_name is not None:
            row.channel_name = event.channel_name[:NAME_CHARS]
        if row.final_at:
            row.final_at = 0
            self._closing.opened(board)
        if board not in self._changed:
            self._tables.totals.put(board.within.key, board.stream, row, board.size + NAME_BYTES)
            self._has_changed(board, offset)

    def _has_changed(self, board: AnyBoard, offset: int) -> None:
        self._changed.add(board)
        if board not in self._pending:
            self._pending[board] = offset

    def _gift(self, board: Board, event: GiftEvent, quantity: int, value: int) -> None:
        gift = event.gift_id
        row = board.gifts.get(gift)
        if row is None:
            gift, row = intern(gift), Gift(None, 0, 0)
        row.value += value
        row.sends += quantity
        if event.gift_name is not None:
            row.name = event.gift_name[:NAME_CHARS]
        self._tables.gifts.put(board.key, gift, row, board.size + NAME_BYTES)
        if board.top_gifts is not None:
            board.top_gifts.offer(gift, row)
        elif len(board.gifts) > GIFTS_SHOWN:
            board.top_gifts = Top(board.gifts, GIFTS_SHOWN, gift_key)

    def _gifter(self, board: Board, event: GiftEvent, quantity: int, value: int) -> None:
        sender = event.sender_id or ""
        row = board.gifters.get(sender)
        if row is None:
            sender, row = intern(sender), Gifter(None, 0, 0, event.event_time_ms)
        row.value += value
        row.sends += quantity
        if value:
            row.reached_ms = event.event_time_ms
        if event.sender_name is not None:
            row.name = event.sender_name[:NAME_CHARS]
        self._tables.gifters.put(board.key, sender, row, board.size + NAME_BYTES)
        top = board.top
        if top is None:
            if len(board.gifters) > self._limit:
                board.top = Top(board.gifters, self._limit, entry_key)
        elif row.value >= top.floor:
            top.offer(sender, row)

    def _scopes(self, board: Board, event: GiftEvent, quantity: int, value: int, offset: int) -> None:
        index, within = self._index, board.within
        self._scope(index.scope(within, None), board.stream, board.row, quantity, value, offset)
        if event.region is not None:
            regional = index.scope(within, event.region)
            entry = self._streamer(regional, event, board.stream, quantity, value)
            self._scope(regional, board.stream, entry, quantity, value, offset)

    def _streamer(self, board: ScopeBoard, event: GiftEvent, stream: str, quantity: int, value: int) -> Streamer:
        streams = self._tables.streams
        row = streams.get(board.key, stream)
        if row is None:
            row = Streamer(event.channel_id, None, 0, 0, event.event_time_ms)
        row.value += value
        row.sends += quantity
        if value:
            row.reached_ms = event.event_time_ms
        row.channel_id = event.channel_id
        if event.channel_name is not None:
            row.channel_name = event.channel_name[:NAME_CHARS]
        streams.put(board.key, stream, row, board.size + NAME_BYTES)
        return row

    def _scope(self, board: ScopeBoard, stream: str, entry: Ranked, quantity: int, value: int, offset: int) -> None:
        row = board.row
        row.value += value
        row.sends += quantity
        row.offset = offset
        if board not in self._changed:
            self._tables.scopes.put(board.key, "", row, board.size)
            self._has_changed(board, offset)
        if board.top is not None:
            if entry.value >= board.top.floor:
                board.top.offer(stream, entry)
        elif len(board.streams) > self._limit:
            board.top = Top(board.streams, self._limit, entry_key)
