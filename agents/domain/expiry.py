"""What is deleted after the retention: boards, and the rows of cells of a stream that nobody gives to any more."""

from collections import deque
from collections.abc import Container, Iterator
from typing import Any, NamedTuple

from agents.domain.board import AnyBoard, Board, ScopeBoard, WindowBoards
from agents.domain.graveyard import Graveyard
from agents.domain.schedule import LIMIT, Schedule
from agents.domain.tables import Tables
from agents.domain.windows import RETENTION_MS


class Tomb(NamedTuple):
    """A board whose retention is over: of a stream, or of a scope."""

    within: WindowBoards
    stream: str
    scope: ScopeBoard | None = None

    @property
    def key(self) -> str:
        """The board's public key."""
        return self.scope.key if self.scope else f"{self.stream}|{self.within.key}"

    @property
    def book(self) -> str:
        """The key of the rows of cells that go with a stream's last board."""
        return f"{self.stream}|{self.within.unit}"


class Expiry:
    """Archives boards that are closed for good, and finds those whose retention is over.

    An archived board keeps its total (the entry of the `global` board and the memory of its key); its cells are dead.
    The rows of cells go with the `stream` board, when no other board needs them.
    """

    __slots__ = ("_dying", "_graveyards", "_quiet", "_tables", "_windows")

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._graveyards: tuple[Graveyard[Any], ...] = (
            Graveyard(tables.gifters),
            Graveyard(tables.gifts),
            Graveyard(tables.streams),
        )
        self._windows: Schedule[WindowBoards] = Schedule()
        self._quiet: Schedule[Board] = Schedule()
        self._dying: deque[Tomb] = deque()

    def window_opened(self, within: WindowBoards) -> None:
        """A unit has its first board in a window."""
        if within.expires is not None:
            self._windows.add(within.expires + 1, within)

    def stream_final(self, board: Board) -> None:
        """A `stream` board has become quiet."""
        self._quiet.add(board.row.last_ms + RETENTION_MS["stream"] + 1, board)

    def revive(self, group: str) -> None:
        """Keep the rows that are left of a book: it begins anew, and their cells are dead."""
        for graveyard in self._graveyards:
            graveyard.revive(group)

    def bury(self, group: str) -> None:
        """Delete, by and by, all rows of a book."""
        for graveyard in self._graveyards:
            graveyard.bury(group)

    def trickle(self, limit: int) -> None:
        """Delete at most `limit` buried rows."""
        for graveyard in self._graveyards:
            limit = graveyard.trickle(limit)

    def archive(self, board: AnyBoard) -> None:
        """Reduce a board that is closed for good to its total."""
        board.row.archived = True
        if isinstance(board, ScopeBoard):
            self._tables.scopes.put(board.key, "", board.row, board.size)
        else:
            self._tables.totals.put(board.within.key, board.stream, board.row, board.row_bytes())
            del board.within.streams[board.stream]
        board.strip()

    def expired(self, watermark: int, pending: Container[AnyBoard]) -> list[Tomb]:
        """Take out boards whose retention is over at the true watermark, if their last value is published.

        A `stream` board that was final more than once is lined up as often, and taken out once.
        """
        self._dying.extend(self._newly_expired(watermark))
        tombs: dict[Tomb, None] = {}
        while self._dying and len(tombs) < LIMIT:
            tomb = self._dying[0]
            if self._waits(tomb, watermark, pending):
                break
            self._dying.popleft()
            if self.is_over(tomb, watermark):
                tombs[tomb] = None
        return list(tombs)

    def is_over(self, tomb: Tomb, watermark: int) -> bool:
        """Tell whether the board is there and may go: a `stream` board may have been given to again."""
        if tomb.scope is not None:
            return tomb.scope.row.archived
        row = self._tables.totals.get(tomb.within.key, tomb.stream)
        if row is None or tomb.within.closes is not None:
            return row is not None
        return row.final_at > 0 and row.last_ms + RETENTION_MS["stream"] < watermark

    def remove(self, tomb: Tomb) -> None:
        """Delete a board: its tombstone is acknowledged."""
        if tomb.scope is not None:
            self._tables.scopes.delete(tomb.scope.key)
            return
        self._tables.totals.delete(tomb.within.key, tomb.stream)
        if tomb.within.streams.pop(tomb.stream, None) is not None:
            self.bury(tomb.book)

    def _newly_expired(self, watermark: int) -> Iterator[Tomb]:
        for within in self._windows.due(watermark, LIMIT):
            yield from (Tomb(within, stream) for stream in self._tables.totals.groups.get(within.key, ()))
            yield from (Tomb(within, "", scope) for scope in within.scopes())
        for board in self._quiet.due(watermark, LIMIT):
            yield Tomb(board.within, board.stream)

    def _waits(self, tomb: Tomb, watermark: int, pending: Container[AnyBoard]) -> bool:
        """Tell whether the board's last value is still to be published, or another board needs the rows behind it."""
        if tomb.scope is not None:
            return not tomb.scope.row.archived
        board = tomb.within.streams.get(tomb.stream)
        if board is None or tomb.within.closes is not None:
            return board is not None
        return self.is_over(tomb, watermark) and (board in pending or board.book.busy())
