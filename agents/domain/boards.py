"""What one counted gift changes: its stream's boards in each window, and those of all streams.

This is the hot path: a gift changes some twenty rows. So the methods here loop over the windows themselves, and a
total is told to its family only at its first change after a cut.
"""

from sys import intern
from typing import Final

from agents.domain.board import AnyBoard, Board, ScopeBoard
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

    __slots__ = ("_closing", "_index", "_limit", "_pending", "_run", "_tables")

    def __init__(
        self, rules: Rules, tables: Tables, index: BoardIndex, closing: Closing, pending: dict[AnyBoard, int]
    ) -> None:
        self._limit = rules.top_n
        self._tables = tables
        self._index = index
        self._closing = closing
        self._pending = pending
        self._run = 0

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
            entries += self._streamers(windows, event, event.region, quantity, value, offset)
        self._scopes(entries, boards[-1].stream, quantity, value, offset)

    def cut(self) -> None:
        """The rows changed so far are about to be taken: each row's next change is told to its family again."""
        self._run += 1

    def _totals(self, boards: Found, event: GiftEvent, quantity: int, value: int, offset: int) -> None:
        at_ms, channel_id, name = event.event_time_ms, event.channel_id, event.channel_name
        if name is not None:
            name = name[:NAME_CHARS]
        run = self._run
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
            if board.run != run:
                self._changes(board, offset)

    def _gifts(self, boards: Found, event: GiftEvent, quantity: int, value: int) -> None:
        gift, name, grown = event.gift_id, event.gift_name, 0
        if name is not None:
            name = name[:NAME_CHARS]
        for board in boards:
            gifts = board.gifts
            row = gifts.get(gift)
            if row is None:
                gift = intern(gift)
                row = gifts[gift] = Gift(name, value, quantity)
            else:
                row.value += value
                row.sends += quantity
                if name is not None:
                    row.name = name
            if gift not in board.changed_gifts:
                board.changed_gifts.add(gift)
                grown += board.size + NAME_BYTES
            if len(gifts) > GIFTS_SHOWN:
                top = board.top_gifts
                if top is None:
                    board.top_gifts = Top(gifts, GIFTS_SHOWN, gift_key)
                elif row.value >= top.floor and gift not in top.rows:
                    top.offer(gift, row)
        self._tables.gifts.grow(grown)

    def _gifters(self, boards: Found, event: GiftEvent, sender: str, quantity: int, value: int) -> None:
        at_ms, name, limit, grown = event.event_time_ms, event.sender_name, self._limit, 0
        if name is not None:
            name = name[:NAME_CHARS]
        for board in boards:
            gifters = board.gifters
            row = gifters.get(sender)
            if row is None:
                sender = intern(sender)
                row = gifters[sender] = Gifter(name, value, quantity, at_ms)
            else:
                row.value += value
                row.sends += quantity
                if value:
                    row.reached_ms = at_ms
                if name is not None:
                    row.name = name
            if sender not in board.changed_gifters:
                board.changed_gifters.add(sender)
                grown += board.size + NAME_BYTES
            if len(gifters) > limit:
                top = board.top
                if top is None:
                    board.top = Top(gifters, limit, entry_key)
                elif row.value >= top.floor and sender not in top.rows:
                    top.offer(sender, row)
        self._tables.gifters.grow(grown)

    def _streamers(
        self, boards: Found, event: GiftEvent, region: str, quantity: int, value: int, offset: int
    ) -> list[tuple[ScopeBoard, Ranked]]:
        """Add to the stream's entry in the region's board of each window; return boards and entries."""
        at_ms, channel_id, name = event.event_time_ms, event.channel_id, event.channel_name
        run, grown = self._run, 0
        if name is not None:
            name = name[:NAME_CHARS]
        entries: list[tuple[ScopeBoard, Ranked]] = []
        for board in boards:
            scope = board.within.regions.get(region) or self._index.open_region(board.within, region)
            if scope.run != run:
                self._changes_scope(scope, offset)
            row = scope.regional.get(board.stream)
            if row is None:
                row = scope.regional[board.stream] = Streamer(channel_id, name, value, quantity, at_ms)
            else:
                row.value += value
                row.sends += quantity
                row.channel_id = channel_id
                if value:
                    row.reached_ms = at_ms
                if name is not None:
                    row.channel_name = name
            if board.stream not in scope.changed_streams:
                scope.changed_streams.add(board.stream)
                grown += scope.size + NAME_BYTES
            entries.append((scope, row))
        self._tables.streams.grow(grown)
        return entries

    def _scopes(
        self, entries: list[tuple[ScopeBoard, Ranked]], stream: str, quantity: int, value: int, offset: int
    ) -> None:
        """Add to the totals of the scopes' boards; the entries in them have been added to."""
        limit, run = self._limit, self._run
        for scope, entry in entries:
            row = scope.row
            row.value += value
            row.sends += quantity
            row.offset = offset
            if scope.run != run:
                self._changes_scope(scope, offset)
            if len(scope.streams) > limit:
                top = scope.top
                if top is None:
                    scope.top = Top(scope.streams, limit, entry_key)
                elif entry.value >= top.floor and stream not in top.rows:
                    top.offer(stream, entry)

    def _changes(self, board: Board, offset: int) -> None:
        """A board changes for the first time in this run."""
        tables = self._tables
        board.run = self._run
        tables.totals.put(board.within.key, board.stream, board.row, board.size + NAME_BYTES)
        board.changed_gifters = tables.gifters.changing(board.key)
        board.changed_gifts = tables.gifts.changing(board.key)
        self._pending.setdefault(board, offset)

    def _changes_scope(self, scope: ScopeBoard, offset: int) -> None:
        """A scope's board changes for the first time in this run."""
        scope.run = self._run
        self._tables.scopes.put(scope.key, "", scope.row, scope.size)
        if scope.region is not None:
            scope.changed_streams = self._tables.streams.changing(scope.key)
        self._pending.setdefault(scope, offset)
