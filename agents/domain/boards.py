"""What one counted gift changes: its stream's boards in each window, and those of all streams.

This is the hot path. So the methods here loop over the windows themselves, hold the rows' cells by place, and tell a
row to its family only at its first change after a cut.
"""

from sys import intern
from typing import Final

from mypy_extensions import i64

from agents.domain.board import AnyBoard, Board, ScopeBoard
from agents.domain.board_index import BoardIndex
from agents.domain.book import Book
from agents.domain.cells import Cells, Gifters, Gifts, Streamers
from agents.domain.changed import Changed, enter
from agents.domain.closing import Closing
from agents.domain.event import Event
from agents.domain.growth import Growth
from agents.domain.rows import Gift, Gifter, Streamer, Total, bytes_of
from agents.domain.tables import Tables

NAME_CHARS: Final = 64

ROW_BYTES: Final = 24
"""What a row of cells takes beside its key and its cells, in a record batch, at most."""

_TOO_MUCH: Final = "a board's total is over 2^63: count smaller units, or quarantine the records that are not real"


class Boards:
    """Applies counted gifts to the boards of one partition, and notes in `pending` which of them changed."""

    __slots__ = (
        "_changed_gifters",
        "_changed_gifts",
        "_changed_regions",
        "_changed_totals",
        "_closing",
        "_growth",
        "_index",
        "_pending",
        "_run",
        "_tables",
    )

    def __init__(self, tables: Tables, index: BoardIndex, closing: Closing, pending: dict[AnyBoard, int]) -> None:
        self._tables = tables
        self._index = index
        self._closing = closing
        self._pending = pending
        self._growth = Growth(tables.gifters)
        self._changed_totals = tables.totals.changed
        self._changed_gifters = tables.gifters.changed
        self._changed_gifts = tables.gifts.changed
        self._changed_regions = tables.streams.changed
        self._run: i64 = 0

    def count(self, event: Event, quantity: i64, value: i64, offset: i64, late: bool, watermark: i64) -> None:
        """Add a quantity and a value to every board that the event belongs to; `late`: not to `1m`."""
        book = self._index.of(event, late, watermark)
        self._totals(book, event, quantity, value, offset)
        self._gifts(book, event, quantity, value)
        if event.sender_id is not None:
            self._gifters(book, event, event.sender_id, quantity, value)
        if event.region is not None:
            self._streamers(book, event, event.region, quantity, value, offset)

    def cut(self) -> None:
        """The rows changed so far are about to be taken: each row's next change is told to its family again."""
        self._run += 1
        self._growth.cut()

    def _totals(self, book: Book, event: Event, quantity: i64, value: i64, offset: i64) -> None:
        at_ms: i64 = event.event_time_ms
        channel_id, name = event.channel_id, event.channel_name
        if name is not None:
            name = name[:NAME_CHARS]
        run = self._run
        for board in book.found:
            row = board.row
            row.value += value
            row.sends += quantity
            if row.value < 0 or row.sends < 0:
                raise OverflowError(_TOO_MUCH)
            row.offset = offset
            if board.run == run and (channel_id != row.channel_id or (name is not None and name != row.channel_name)):
                self._growth.add(len(channel_id) + bytes_of(name))
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
            if board.within.closes is not None:
                self._scope(board.within.overall, board.stream, row, quantity, value, offset)

    def _scope(
        self, scope: ScopeBoard, stream: str, entry: Total | Streamer, quantity: i64, value: i64, offset: i64
    ) -> None:
        """Add to the total of a scope's board; its entry has been added to."""
        row = scope.row
        row.value += value
        row.sends += quantity
        if row.value < 0 or row.sends < 0:
            raise OverflowError(_TOO_MUCH)
        row.offset = offset
        if scope.run != self._run:
            self._changes_scope(scope, offset)
        top = scope.top
        if entry.value >= top.floor and not entry.listed & top.bit:
            top.offer(stream, entry)

    def _gifts(self, book: Book, event: Event, quantity: i64, value: i64) -> None:
        gift, name = event.gift_id, event.gift_name
        if name is not None:
            name = name[:NAME_CHARS]
        row = book.gifts.get(gift)
        if row is None:
            row = book.gifts[intern(gift)] = Gifts()
        at = 4 - len(book.found)
        longer = book.late
        if row.turned != book.turn:
            new = row.turn(at, book.windows, Gift(None, 0, 0), gift, book.live)
            for board in book.found:
                if new & board.top_gifts.bit:
                    board.gifts += 1
            row.turned, longer = book.turn, True
        last: Gift | None = None
        for board in book.found:
            cell: Gift = row.at(at)
            if cell is not last:
                last = cell
                longer = longer or (name is not None and name != cell.name)
                cell.value += value
                cell.sends += quantity
                if name is not None:
                    cell.name = name
            top = board.top_gifts
            if cell.value >= top.floor and not cell.listed & top.bit:
                top.offer(gift, cell)
            at += 1
        if row.run != self._run or longer:
            self._changes_cells(self._changed_gifts, book.key, gift, row)

    def _gifters(self, book: Book, event: Event, sender: str, quantity: i64, value: i64) -> None:
        at_ms: i64 = event.event_time_ms
        name = event.sender_name
        if name is not None:
            name = name[:NAME_CHARS]
        row = book.gifters.get(sender)
        if row is None:
            row = book.gifters[intern(sender)] = Gifters()
        at = 4 - len(book.found)
        longer = book.late
        if row.turned != book.turn:
            new = row.turn(at, book.windows, Gifter(None, 0, 0, at_ms), sender, book.live)
            for board in book.found:
                if new & board.top.bit:
                    board.gifters += 1
            row.turned, longer = book.turn, True
        last: Gifter | None = None
        for board in book.found:
            cell: Gifter = row.at(at)
            if cell is not last:
                last = cell
                longer = longer or (name is not None and name != cell.name)
                cell.value += value
                cell.sends += quantity
                if value:
                    cell.reached_ms = at_ms
                if name is not None:
                    cell.name = name
            top = board.top
            if cell.value >= top.floor and not cell.listed & top.bit:
                top.offer(sender, cell)
            at += 1
        if row.run != self._run or longer:
            self._changes_cells(self._changed_gifters, book.key, sender, row)

    def _streamers(self, book: Book, event: Event, region: str, quantity: i64, value: i64, offset: i64) -> None:
        at_ms: i64 = event.event_time_ms
        channel_id, name, stream = event.channel_id, event.channel_name, book.stream
        if name is not None:
            name = name[:NAME_CHARS]
        row = book.regions.get(region)
        if row is None:
            row = book.regions[intern(region)] = Streamers()
        longer = book.late
        if row.turned != book.turn:
            self._turn_streamers(book, row, region, Streamer(channel_id, None, 0, 0, at_ms))
            longer = True
        at = 4 - len(book.found)
        last: Streamer | None = None
        for board in book.found[:-1]:
            cell: Streamer = row.at(at)
            if cell is not last:
                last = cell
                longer = longer or channel_id != cell.channel_id or (name is not None and name != cell.channel_name)
                cell.value += value
                cell.sends += quantity
                cell.channel_id = channel_id
                if value:
                    cell.reached_ms = at_ms
                if name is not None:
                    cell.channel_name = name
            self._scope(board.within.regions[region], stream, cell, quantity, value, offset)
            at += 1
        if row.run != self._run or longer:
            self._changes_cells(self._changed_regions, book.key, region, row)

    def _turn_streamers(self, book: Book, row: Streamers, region: str, fresh: Streamer) -> None:
        scopes: list[ScopeBoard] = []
        for board in book.found[:-1]:
            within = board.within
            scopes.append(within.regions.get(region) or self._index.open_region(within, region))
        live = book.areas[region] = scopes[0].live
        new = row.turn(4 - len(book.found), book.windows[:-1], fresh, book.stream, live)
        for scope in scopes:
            if new & scope.top.bit:
                scope.streams += 1
        row.turned = book.turn

    def _changes_cells(self, changed: Changed, group: str, member: str, row: Cells) -> None:
        """A row of cells changes for the first time in this run, or gets longer: cells part, or have other names."""
        if row.run != self._run:
            row.run = self._run
            enter(changed, group, member, row)
        self._growth.add(len(group) + len(member) + ROW_BYTES + row.size())

    def _changes(self, board: Board, offset: i64) -> None:
        """A board changes for the first time in this run."""
        board.run = self._run
        enter(self._changed_totals, board.within.key, board.stream, board.row)
        self._growth.add(board.row_bytes())
        self._pending.setdefault(board, offset)

    def _changes_scope(self, scope: ScopeBoard, offset: i64) -> None:
        """A scope's board changes for the first time in this run."""
        scope.run = self._run
        self._tables.scopes.put(scope.key, "", scope.row, scope.size)
        self._pending.setdefault(scope, offset)
