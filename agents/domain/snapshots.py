"""Rows to the bytes that are published: the schemas' Structs, as JSON by msgspec. No dict is built.

The same rows give the same bytes: no clock, no order of arrival, nothing but the board and its position.
"""

from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.json import Encoder
from mypy_extensions import i64

from agents.domain.account import Account
from agents.domain.board import Board, ScopeBoard
from agents.domain.gaps import Gaps
from agents.domain.lists import Lists
from agents.domain.rules import Rules
from schemas.board import BoardTotals, GifterLeaderboard, OtherGifts, Position, StreamTotals
from schemas.partial import Partial, PartialEntry, Progress

_encode: Final = Encoder().encode


class Snapshots:
    """Writes the values of one partition's boards."""

    __slots__ = ("_offsets_key", "_partition", "_topic", "gaps")

    def __init__(self, rules: Rules, partition: int, gaps: Gaps) -> None:
        self.gaps = gaps
        self._topic = rules.source_topic
        self._partition = partition
        self._offsets_key = str(partition)

    def totals(self, board: Board, lists: Lists) -> bytes:
        """Return the board's `schemas.board.StreamTotals`."""
        row, is_final, gifts = board.row, board.row.final_at > 0, lists.gifts(board.top_gifts)
        return _encode(
            StreamTotals(
                stream_id=board.stream,
                channel_id=row.channel_id,
                channel_name=row.channel_name,
                unit=board.within.unit,
                window=board.within.window,
                value=row.value,
                sends=row.sends,
                gifters=board.gifters,
                gifts=gifts.shown,
                other=OtherGifts(
                    board.gifts - len(board.top_gifts.rows), row.value - gifts.value, row.sends - gifts.sends
                ),
                is_final=is_final,
                position=self._position(row.offset),
                revision=2 * (row.offset + 1) + is_final,
                incomplete=self._incomplete(board),
            )
        )

    def gifters(self, board: Board, lists: Lists) -> bytes:
        """Return the board's `schemas.board.GifterLeaderboard`."""
        row, is_final = board.row, board.row.final_at > 0
        return _encode(
            GifterLeaderboard(
                board="gifters",
                stream_id=board.stream,
                unit=board.within.unit,
                window=board.within.window,
                entries=lists.entries(board.top),
                totals=BoardTotals(row.value, row.sends, board.gifters),
                is_final=is_final,
                position=self._position(row.offset),
                revision=2 * (row.offset + 1) + is_final,
                incomplete=self._incomplete(board),
            )
        )

    def partial(self, board: ScopeBoard) -> bytes:
        """Return the board's `schemas.partial.Partial`: what the merge needs of this partition."""
        row = board.row
        entries = [
            PartialEntry(name, entry.channel_name, entry.value, entry.sends, entry.reached_ms, entry.channel_id)
            for name, entry in board.top.ranked()
        ]
        return _encode(
            Partial(
                self._partition,
                board.scope,
                board.within.unit,
                board.within.window,
                row.offset,
                entries,
                row.value,
                row.sends,
                board.streams,
                self.gaps.of(board),
            )
        )

    def partial_key(self, key: str) -> str:
        """Return the key of a scope's board among the partials of all partitions."""
        return f"{self._partition}|{key}"

    def progress(self, position: int, account: Account) -> bytes:
        """Return the partition's `schemas.partial.Progress` at a position below which all is published."""
        return _encode(Progress(self._partition, position, account.watermark, account.ledger()))

    def _position(self, offset: i64) -> Position:
        return Position(self._topic, {self._offsets_key: offset})

    def _incomplete(self, board: Board) -> list[str] | UnsetType:
        return (self.gaps.of(board) or UNSET) if self.gaps else UNSET
