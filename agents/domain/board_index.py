"""Where the boards of an event are: found by unit, stream and minute, opened when they are new."""

from typing import Final

from agents.domain.board import AnyBoard, Board, ScopeBoard, WindowBoards, scope_of
from agents.domain.closing import Closing
from agents.domain.expiry import Expiry, Tomb
from agents.domain.rows import Gift, Gifter, Scope, Total
from agents.domain.rules import MINUTE_MS
from agents.domain.tables import Tables
from agents.domain.windows import CACHED, RETENTION_MS, Calendar
from schemas.board import Window
from schemas.gift import GiftEvent

Found = tuple[Board, ...]
STREAM_RETENTION_MS: Final = RETENTION_MS["stream"]


class BoardIndex:
    """All boards of one partition that are not archived. What is not in the tables is derived from them."""

    __slots__ = ("_calendar", "_closing", "_current", "_expiry", "_minutes", "_tables", "_windows")

    def __init__(self, calendar: Calendar, tables: Tables, closing: Closing, expiry: Expiry) -> None:
        self._calendar = calendar
        self._tables = tables
        self._closing = closing
        self._expiry = expiry
        self._windows: dict[str, WindowBoards] = {}
        self._minutes: dict[tuple[str, int], tuple[WindowBoards, ...]] = {}
        self._current: dict[str, dict[str, tuple[int, bool, Found]]] = {}

    def of(self, event: GiftEvent, late: bool, watermark: int) -> Found:
        """Return the event's boards: 1m (unless late), 1h, 1d, and last the `stream` board. Builds no strings.

        A `stream` board whose retention is over begins anew, whether or not its tombstone has gone out by now.
        """
        minute = event.event_time_ms // MINUTE_MS
        streams = self._current.get(event.value_unit)
        if streams is None:
            streams = self._current[event.value_unit] = {}
        found = streams.get(event.stream_id)
        if found is not None and found[0] == minute and found[1] is late:
            boards = found[2]
        else:
            boards = tuple(self._board(within, event) for within in self._within(event, late))
            streams[boards[-1].stream] = (minute, late, boards)
        if boards[-1].row.last_ms + STREAM_RETENTION_MS < watermark:
            self._renew(boards[-1], event.event_time_ms)
        return boards

    def open_region(self, within: WindowBoards, region: str) -> ScopeBoard:
        """Open the board of a region that has none in a window."""
        return self._open_scope(within, region, Scope(0, 0, -1))

    def forget(self, tomb: Tomb) -> None:
        """A board was deleted."""
        within = tomb.within
        if within.closes is None:
            streams = self._current.get(within.unit, {})
            streams.pop(tomb.stream, None)
            if not streams:
                self._current.pop(within.unit, None)
        elif within.key not in self._tables.totals.groups:
            self._windows.pop(within.key, None)

    def restore(self) -> list[AnyBoard]:
        """Build the index from the tables; return all boards that are not archived."""
        boards: list[AnyBoard] = []
        for group, stream, total in self._tables.totals:
            within = self._restored_window(*group.split("|"))
            if not total.archived:
                boards.append(self._restored(self._open(within, stream, total)))
        for group, _, scope in self._tables.scopes:
            name, *window = group.split("|")
            within = self._restored_window(*window)
            if region := name.partition(":")[2]:
                self._open_scope(within, region, scope)
        scopes = (scope for within in self._windows.values() for scope in within.scopes())
        boards.extend(scope for scope in scopes if not scope.row.archived)
        self._bury_orphans({board.key for board in boards})
        return boards

    def _within(self, event: GiftEvent, late: bool) -> tuple[WindowBoards, ...]:
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

    def _board(self, within: WindowBoards, event: GiftEvent) -> Board:
        stream = event.stream_id
        board = within.streams.get(stream)
        if board is None:
            at_ms = event.event_time_ms
            row = Total(event.channel_id, None, 0, 0, at_ms, at_ms, -1, opened_ms=at_ms)
            self._expiry.revive(f"{stream}|{within.key}")
            board = self._open(within, stream, row)
            self._tables.totals.put(within.key, stream, row, board.size)
            self._closing.opened(board)
        return board

    def _renew(self, board: Board, at_ms: int) -> None:
        """Begin a `stream` board anew; the row stays the one that everybody holds."""
        for family in (self._tables.gifters, self._tables.gifts):
            family.drop(board.key)
        board.begin(*self._rows_behind(board.key))
        row = board.row
        row.value = row.sends = 0
        row.channel_name = None
        row.reached_ms = row.last_ms = row.opened_ms = at_ms

    def _rows_behind(self, key: str) -> tuple[dict[str, Gifter], dict[str, Gift]]:
        gifters = self._tables.gifters.groups.setdefault(key, {})
        return gifters, self._tables.gifts.groups.setdefault(key, {})

    def _open(self, within: WindowBoards, stream: str, row: Total) -> Board:
        key = f"{stream}|{within.key}"
        board = within.streams[stream] = Board(within, stream, key, row, *self._rows_behind(key))
        return board

    def _open_scope(self, within: WindowBoards, region: str | None, row: Scope) -> ScopeBoard:
        board = ScopeBoard(within, region, row)
        if region is not None:
            within.regions[region] = board
        if row.archived:
            return board
        if region is None:
            board.streams = self._tables.totals.groups.setdefault(within.key, {})
        else:
            board.streams = board.regional = self._tables.streams.groups.setdefault(board.key, {})
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

    def _bury_orphans(self, live: set[str]) -> None:
        tables = self._tables
        for groups in (tables.gifters.groups, tables.gifts.groups, tables.streams.groups):
            for key in [key for key in groups if key not in live]:
                self._expiry.bury(key)
