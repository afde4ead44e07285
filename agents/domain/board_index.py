"""Where the boards of an event are: found by unit, stream and minute, opened when they are new."""

from typing import Final

from mypy_extensions import i64

from agents.domain.board import AnyBoard, Board, ScopeBoard, WindowBoards, scope_of
from agents.domain.book import Book
from agents.domain.closing import Closing
from agents.domain.event import Event
from agents.domain.expiry import Expiry, Tomb
from agents.domain.rows import Scope, Total
from agents.domain.rules import MINUTE_MS, Rules
from agents.domain.tables import Tables
from agents.domain.windows import CACHED, RETENTION_MS, Calendar
from schemas.board import Window

STREAM_RETENTION_MS: Final = RETENTION_MS["stream"]


class BoardIndex:
    """All boards of one partition that are not archived. What is not in the tables is derived from them."""

    __slots__ = (
        "_books",
        "_calendar",
        "_closing",
        "_expiry",
        "_limit",
        "_minutes",
        "_scopes",
        "_tables",
        "_turns",
        "_windows",
    )

    def __init__(self, rules: Rules, calendar: Calendar, tables: Tables, closing: Closing, expiry: Expiry) -> None:
        self._limit = rules.top_n
        self._calendar = calendar
        self._tables = tables
        self._closing = closing
        self._expiry = expiry
        self._windows: dict[str, WindowBoards] = {}
        self._minutes: dict[tuple[str, int], tuple[WindowBoards, ...]] = {}
        self._books: dict[str, dict[str, Book]] = {}
        self._scopes: dict[tuple[str, str | None], dict[int, ScopeBoard]] = {}
        self._turns: i64 = 0

    def of(self, event: Event, late: bool, watermark: int) -> Book:
        """Return the event's book, with its boards in `found`. Builds no strings.

        A `stream` board whose retention is over begins anew, whether or not its tombstone has gone out by now.
        """
        minute = event.event_time_ms // MINUTE_MS
        books = self._books.get(event.value_unit)
        book = None if books is None else books.get(event.stream_id)
        if book is None:
            book = self._book(event.stream_id, event.value_unit)
        if book.minute != minute or book.late is not late:
            book.found = tuple([self._board(book, within, event) for within in self._within(event, late)])
            book.minute, book.late = minute, late
            self._turn(book)
        ever = book.found[-1]
        if ever.row.last_ms + STREAM_RETENTION_MS < watermark:
            self._renew(ever, event.event_time_ms)
            self._turn(book)
        return book

    def open_region(self, within: WindowBoards, region: str) -> ScopeBoard:
        """Open the board of a region that has none in a window."""
        return self._open_scope(within, region, Scope(0, 0, -1))

    def forget(self, tomb: Tomb) -> None:
        """A board was deleted."""
        within = tomb.within
        if within.closes is None:
            books = self._books.get(within.unit, {})
            books.pop(tomb.stream, None)
            if not books:
                self._books.pop(within.unit, None)
        elif within.key not in self._tables.totals.groups:
            self._windows.pop(within.key, None)

    def restore(self) -> list[AnyBoard]:
        """Build the index from the tables; return all boards that are not archived."""
        boards: list[AnyBoard] = []
        for group, stream, total in self._tables.totals:
            within = self._restored_window(*group.split("|"))
            _enter(within, stream, total)
            if not total.archived:
                boards.append(self._restored(self._open(self._book(stream, within.unit), within, total)))
        for group, _, scope in self._tables.scopes:
            name, *window = group.split("|")
            within = self._restored_window(*window)
            if region := name.partition(":")[2]:
                self._open_scope(within, region, scope)
        for books in self._books.values():
            for book in books.values():
                self._take_in(book)
        scopes = (scope for within in self._windows.values() for scope in within.scopes())
        boards.extend(scope for scope in scopes if not scope.row.archived)
        self._bury_orphans()
        return boards

    def release(self) -> None:
        """Have no board hold another any more, so that they all go with whoever holds the index."""
        for books in self._books.values():
            for book in books.values():
                book.release()
        for within in self._windows.values():
            within.release()

    def _take_in(self, book: Book) -> None:
        """Take the rows of a book into the tops and numbers of its boards."""
        for sender, gifters in book.gifters.items():
            for window, gifter in gifters.all():
                if board := book.live.get(window):
                    board.gifters += 1
                    board.top.offer(sender, gifter)
        for gift, gifts in book.gifts.items():
            for window, given in gifts.all():
                if board := book.live.get(window):
                    board.gifts += 1
                    board.top_gifts.offer(gift, given)
        for region, streamers in book.regions.items():
            live = book.areas[region] = self._scopes.setdefault((book.unit, region), {})
            for window, streamer in streamers.all():
                if scope := live.get(window):
                    scope.streams += 1
                    scope.top.offer(book.stream, streamer)

    def _within(self, event: Event, late: bool) -> tuple[WindowBoards, ...]:
        key = (event.value_unit, event.event_time_ms // MINUTE_MS)
        found = self._minutes.get(key)
        if found is not None:
            return found[1:] if late else found
        windows = self._calendar.of(event.event_time_ms)
        if late:
            return tuple(self._window(key[0], window) for window in windows[1:])
        if len(self._minutes) >= CACHED:
            self._minutes.clear()
        found = self._minutes[key] = tuple(self._window(key[0], window) for window in windows)
        return found

    def _window(self, unit: str, window: Window) -> WindowBoards:
        calendar = self._calendar
        new = WindowBoards(unit, window, calendar.closes(window), calendar.expires(window))
        within = self._windows.setdefault(new.key, new)
        if within is new and window.end_ms is not None:
            row = self._tables.scopes.get(f"{scope_of(None)}|{within.key}")
            within.overall = self._open_scope(within, None, row or Scope(0, 0, -1))
            self._expiry.window_opened(within)
        return within

    def _book(self, stream: str, unit: str) -> Book:
        books = self._books.setdefault(unit, {})
        book = books.get(stream)
        if book is None:
            book = books[stream] = Book(stream, unit, self._tables)
            self._expiry.revive(book.key)
        return book

    def _board(self, book: Book, within: WindowBoards, event: Event) -> Board:
        """Return the board, opened if it is new: its row is told with its first change, by the gift that opens it."""
        board = within.streams.get(book.stream)
        if board is None:
            at_ms = event.event_time_ms
            row = Total(event.channel_id, None, 0, 0, at_ms, at_ms, -1, opened_ms=at_ms)
            board = self._open(book, within, row)
            _enter(within, book.stream, row)
            self._tables.totals.groups.setdefault(within.key, {})[book.stream] = row
            self._closing.opened(board)
        return board

    def _turn(self, book: Book) -> None:
        """What a book's gifts fall into has changed: so it has for each of its rows."""
        self._turns += 1
        book.turn = self._turns
        book.windows = tuple([board.id for board in book.found])

    @staticmethod
    def _renew(board: Board, at_ms: int) -> None:
        """Begin a `stream` board anew; the row stays the one that everybody holds, the cells of before are dead."""
        del board.book.live[board.id]
        row = board.row
        row.value = row.sends = 0
        row.channel_name = None
        row.reached_ms = row.last_ms = row.opened_ms = at_ms
        board.begin()

    def _open(self, book: Book, within: WindowBoards, row: Total) -> Board:
        board = within.streams[book.stream] = Board(within, book, row, self._limit)
        return board

    def _open_scope(self, within: WindowBoards, region: str | None, row: Scope) -> ScopeBoard:
        live = self._scopes.setdefault((within.unit, region), {})
        board = ScopeBoard(within, region, live, row, self._limit)
        if region is not None:
            within.regions[region] = board
        if not row.archived:
            self._closing.retires(board)
        return board

    def _restored_window(self, unit: str, name: str, start: str) -> WindowBoards:
        key = f"{unit}|{name}|{start}"
        return self._windows.get(key) or self._window(unit, self._calendar.starting(name, int(start)))

    def _restored(self, board: Board) -> Board:
        if board.row.final_at:
            self._closing.retires(board)
        else:
            self._closing.opened(board)
        return board

    def _bury_orphans(self) -> None:
        """Bury the rows of books whose last board was deleted, but not yet they."""
        tables, live = self._tables, {book.key for books in self._books.values() for book in books.values()}
        for groups in (tables.gifters.groups, tables.gifts.groups, tables.streams.groups):
            for key in [key for key in groups if key not in live]:
                self._expiry.bury(key)


def _enter(within: WindowBoards, stream: str, row: Total) -> None:
    """A total is an entry of the board of all streams, archived or not."""
    if within.closes is not None:
        within.overall.streams += 1
        within.overall.top.offer(stream, row)
