"""Rows to the bytes that are published: the schemas' Structs, as JSON by msgspec. No dict is built.

The same rows give the same bytes: no clock, no order of arrival, nothing but the board and its position.

Until one of its windows turns, a stream's boards say the same in each of them. So they are written once, with a hole
where the window goes.
"""

from typing import Any, Final

from msgspec import UNSET, Raw, UnsetType
from msgspec.json import Encoder
from mypy_extensions import i64

from agents.domain.account import Account
from agents.domain.board import Board, ScopeBoard
from agents.domain.gaps import Gaps
from agents.domain.lists import entries, gifts
from agents.domain.rules import Rules
from schemas.board import BoardTotals, GifterLeaderboard, OtherGifts, Position, StreamTotals, Window
from schemas.partial import Partial, PartialEntry, Progress

_encode: Final = Encoder().encode

_HOLE: Final = b"\0"
"""No JSON has this byte: within a string it is escaped."""

_WINDOW: Final[Any] = Raw(_HOLE)
"""Takes the place of a `schemas.board.Window`."""


class Written:
    """What was written of a board, without its window: the bytes before and behind it."""

    __slots__ = ("_of", "gifters", "gifters_end", "totals", "totals_end")

    def __init__(self, of: Board, totals: bytes, gifters: bytes) -> None:
        self._of = of
        self.totals, _, self.totals_end = totals.partition(_HOLE)
        self.gifters, _, self.gifters_end = gifters.partition(_HOLE)

    def is_of(self, board: Board) -> bool:
        """Tell whether another board says the same but for its window; good for one cut, in which no row changes.

        It does if the same gifts are on both: one of the windows holds the other, and both come to the same. A gift
        that is on one alone would tell, as each adds to the value or to the sends, and none takes away.
        """
        row, other = board.row, self._of.row
        return (
            board.book is self._of.book
            and row.offset == other.offset
            and row.value == other.value
            and row.sends == other.sends
            and (row.final_at > 0) is (other.final_at > 0)
            and holds(board.within.window, self._of.within.window)
        )


class Snapshots:
    """Writes the values of one partition's boards."""

    __slots__ = ("_last", "_offsets_key", "_partition", "_topic", "gaps")

    def __init__(self, rules: Rules, partition: int, gaps: Gaps) -> None:
        self.gaps = gaps
        self._topic = rules.source_topic
        self._partition = partition
        self._offsets_key = str(partition)
        self._last: Written | None = None

    def cut(self) -> None:
        """Rows may have changed since what was written last."""
        self._last = None

    def board(self, board: Board) -> tuple[bytes, bytes]:
        """Return the board's `schemas.board.StreamTotals` and `schemas.board.GifterLeaderboard`."""
        last, incomplete = self._last, self._incomplete(board)
        if last is None or incomplete is not UNSET or not last.is_of(board):
            last = Written(board, self._totals(board, incomplete), self._gifters(board, incomplete))
            self._last = last if incomplete is UNSET else None
        window = board.within.json
        return last.totals + window + last.totals_end, last.gifters + window + last.gifters_end

    def _totals(self, board: Board, incomplete: list[str] | UnsetType) -> bytes:
        row, is_final, shown = board.row, board.row.final_at > 0, gifts(board.top_gifts)
        return _encode(
            StreamTotals(
                stream_id=board.stream,
                channel_id=row.channel_id,
                channel_name=row.channel_name,
                unit=board.within.unit,
                window=_WINDOW,
                value=row.value,
                sends=row.sends,
                gifters=board.gifters,
                gifts=shown.shown,
                other=OtherGifts(
                    board.gifts - len(board.top_gifts.rows), row.value - shown.value, row.sends - shown.sends
                ),
                is_final=is_final,
                position=self._position(row.offset),
                revision=2 * (row.offset + 1) + is_final,
                incomplete=incomplete,
            )
        )

    def _gifters(self, board: Board, incomplete: list[str] | UnsetType) -> bytes:
        row, is_final = board.row, board.row.final_at > 0
        return _encode(
            GifterLeaderboard(
                board="gifters",
                stream_id=board.stream,
                unit=board.within.unit,
                window=_WINDOW,
                entries=entries(board.top),
                totals=BoardTotals(row.value, row.sends, board.gifters),
                is_final=is_final,
                position=self._position(row.offset),
                revision=2 * (row.offset + 1) + is_final,
                incomplete=incomplete,
            )
        )

    def partial(self, board: ScopeBoard) -> bytes:
        """Return the board's `schemas.partial.Partial`: what the merge needs of this partition."""
        row = board.row
        ranked = [
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
                ranked,
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


def holds(window: Window, other: Window) -> bool:
    """Tell whether one of two windows holds all gifts of the other, if they have one in common.

    They need not: an hour may lie in two days. One `stream` after another does: no window is as long as their break.
    """
    if window.end_ms is None or other.end_ms is None:
        return True
    if window.start_ms <= other.start_ms and other.end_ms <= window.end_ms:
        return True
    return other.start_ms <= window.start_ms and window.end_ms <= other.end_ms
