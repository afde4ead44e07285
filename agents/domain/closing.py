"""When boards become final, and when those that are closed for good may lose their rows."""

from agents.domain.board import AnyBoard, Board, ScopeBoard
from agents.domain.expiry import Expiry
from agents.domain.rows import Total
from agents.domain.schedule import Schedule
from agents.domain.tables import FamilyT


class Closing:
    """Makes boards final: windows once the watermark has passed them, `stream` boards once they are quiet.

    A board of a window that the true watermark has passed is closed for good: nothing can come into it.
    """

    __slots__ = ("_closing", "_expiry", "_quiet_ms", "_retiring", "_totals")

    def __init__(self, totals: FamilyT[Total], expiry: Expiry, quiet_ms: int) -> None:
        self._totals = totals
        self._expiry = expiry
        self._quiet_ms = quiet_ms
        self._closing: Schedule[Board] = Schedule()
        self._retiring: Schedule[AnyBoard] = Schedule()

    def opened(self, board: Board) -> None:
        """A board is new, or open again."""
        self._closing.add(self._closes(board), board)

    def retires(self, board: AnyBoard) -> None:
        """A board is final, or has no final state of its own: it will be archived, or expire if it is a `stream`'s."""
        if board.within.closes is not None:
            self._retiring.add(board.within.closes, board)
        elif isinstance(board, Board):
            self._expiry.stream_final(board)

    def close(self, watermark: int, position: int, limit: int) -> list[Board]:
        """Make final what is due, by the watermark or what stands for it on an idle partition."""
        closed = []
        for board in self._closing.due(watermark, limit):
            if self._closes(board) > watermark:
                self.opened(board)
            elif not board.row.final_at:
                board.row.final_at = position
                self._totals.put(board.within.key, board.stream, board.row, board.row_bytes())
                self.retires(board)
                closed.append(board)
        return closed

    def retired(self, watermark: int, limit: int) -> list[AnyBoard]:
        """Take out what the true watermark has closed for good."""
        return list(self._retiring.due(watermark, limit))

    def _closes(self, board: Board) -> int:
        closes = board.within.closes
        return board.row.last_ms + self._quiet_ms if closes is None else closes


def closed_for_good(board: AnyBoard, watermark: int) -> bool:
    """Tell whether the board has its final value, and the true watermark has passed it."""
    closes = board.within.closes
    if closes is None or closes > watermark:
        return False
    return isinstance(board, ScopeBoard) or board.row.final_at > 0
