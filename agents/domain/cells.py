"""A row of cells: what one gifter, gift or region brought to a stream, in each window.

A row has a place for each of the windows `1m`, `1h`, `1d` and `stream`, in this order: there are those that the last
gift fell into, where it fell into them. Behind them are other windows whose boards still live. One that belongs to no
living board is dead: it is never read, and goes when its row next turns to a new window.

Places next to each other, and no others, that say the same share one cell: who has given to a stream on one day alone
has a single one for the hour, the day and the `stream`, to which each gift is added once. They part when one of them
turns. So is a row written: an array of its cells, but of one that says the same as the one before it only the window.
"""

from typing import TYPE_CHECKING, Any, Final, Self

from mypy_extensions import i64, mypyc_attr

from agents.domain.ranking import Top
from agents.domain.rows import Cell, Gift, Gifter, Row, Streamer

if TYPE_CHECKING:
    from agents.domain.board import Board, ScopeBoard

NO_WINDOW: Final = -1

WINDOW_BYTES: Final = 9
"""What a cell takes of which only the window is written, at most."""


@mypyc_attr(acyclic=True)
class Cells(Row):
    """The cells of one row, all of one class.

    Not written with it: `run`, the run in which it changed last, and `turned`, the `Book.turn` whose windows it is in.

    Cells are returned without a type, as mypyc compiles no acyclic generics: who asks knows of which class they are.
    """

    __slots__ = (
        "_day",
        "_day_window",
        "_ever",
        "_ever_window",
        "_hour",
        "_hour_window",
        "_minute",
        "_minute_window",
        "_older",
        "run",
        "turned",
    )

    def __init__(self, empty: Cell, ever: Cell | None) -> None:
        """`empty`, which belongs to no board and is shared, takes the first three places; `ever` None: no fourth."""
        self._minute = empty
        self._hour = empty
        self._day = empty
        self._ever = ever
        self._minute_window: i64 = NO_WINDOW
        self._hour_window: i64 = NO_WINDOW
        self._day_window: i64 = NO_WINDOW
        self._ever_window: i64 = NO_WINDOW
        self._older: tuple[tuple[int, Cell], ...] = ()
        self.run: i64 = -1
        self.turned: i64 = -1

    def at(self, place: i64) -> Any:
        """Return the cell at a place."""
        if place == 0:
            return self._minute
        if place == 1:
            return self._hour
        return self._day if self._ever is None or place == 2 else self._ever

    def window(self, place: i64) -> i64:
        """Return the window at a place."""
        if place == 0:
            return self._minute_window
        if place == 1:
            return self._hour_window
        return self._day_window if place == 2 else self._ever_window

    def turn(self, place: i64, windows: tuple[int, ...], fresh: Cell, member: str, live: dict[int, Any]) -> i64:
        """Turn the last places to the windows that a gift falls into: no other place has a part in their cells.

        `fresh` is for those without a cell, which are returned as bits. What was in a place goes behind if its board is
        among the `live`, in whose top it may be under the name `member`.
        """
        if place:
            self._part(0, member, live)
        new: i64 = 0
        begun: Cell | None = None
        for window in windows:
            if self.window(place) == window:
                begun = None
            else:
                self._divide(place, member, live)
                self._leave(place, member, live)
                cell = self._take(window)
                if cell is not None:
                    begun = None
                else:
                    new |= 1 << place
                    if begun is None:
                        begun = fresh.copy() if new & (new - 1) else fresh
                    cell = begun
                self._put(place, window, cell)
            place += 1
        return new

    def all(self) -> list[tuple[int, Any]]:
        """Return all windows and their cells, in the order in which they are written."""
        cells: list[tuple[int, Any]] = [(self.window(place), self.at(place)) for place in range(self._places())]
        cells.extend(self._older)
        return cells

    def pack(self) -> Any:
        """Return what is written: an array of arrays, and of windows."""
        # Not by `all`, which makes a list more for each row that is written.
        minute, hour, day, ever = self._minute, self._hour, self._day, self._ever
        fields = [
            minute.in_window(self._minute_window),
            _behind(minute, hour, self._hour_window),
            _behind(hour, day, self._day_window),
        ]
        last = day
        if ever is not None:
            fields.append(_behind(last, ever, self._ever_window))
            last = ever
        for window, cell in self._older:
            fields.append(_behind(last, cell, window))
            last = cell
        return fields

    def size(self) -> i64:
        """Return what the row's cells take as they are written, in bytes, at most."""
        minute, hour, day, ever = self._minute, self._hour, self._day, self._ever
        size = minute.size() + _size_behind(minute, hour) + _size_behind(hour, day)
        last = day
        if ever is not None:
            size += _size_behind(last, ever)
            last = ever
        for at, (_, cell) in enumerate(self._older):
            # The first says the same as what is before it by chance at most, and that still changes.
            size += _size_behind(last, cell) if at else cell.size()
            last = cell
        return size

    def __len__(self) -> int:
        return self._places() + len(self._older)

    def _places(self) -> i64:
        return 3 if self._ever is None else 4

    def _put(self, place: i64, window: i64, cell: Cell) -> None:
        if place == 0:
            self._minute, self._minute_window = cell, window
        elif place == 1:
            self._hour, self._hour_window = cell, window
        elif place == 2:
            self._day, self._day_window = cell, window
        else:
            self._ever, self._ever_window = cell, window

    def _divide(self, place: i64, member: str, live: dict[int, Any]) -> None:
        """Let no cell be on both sides of a place that turns: an hour may lie in two days."""
        if place + 1 < self._places():
            beyond: Cell = self.at(place + 1)
            for before in range(place):
                if self.at(before) is beyond:
                    self._part(before, member, live)

    def _leave(self, place: i64, member: str, live: dict[int, Any]) -> None:
        """Put what is in a place behind, if its board lives, and give up what is dead."""
        before = self.window(place)
        if before == NO_WINDOW and not self._older:
            return
        older = [(window, cell) for window, cell in self._older if window in live]
        if before in live:
            self._part(place, member, live)
            older.append((before, self.at(place)))
        self._older = tuple(older)

    def _take(self, window: i64) -> Cell | None:
        """Take a window's cell from behind, if it is there."""
        for at, (older, cell) in enumerate(self._older):
            if older == window:
                self._older = self._older[:at] + self._older[at + 1 :]
                return cell
        return None

    def _part(self, place: i64, member: str, live: dict[int, Any]) -> None:
        """Give a place a cell of its own, also in the top of its board."""
        shared: Cell = self.at(place)
        window = self.window(place)
        if window == NO_WINDOW or not self._shares(place):
            return
        own = shared.copy()
        bit: i64 = 1 << place
        board = live.get(window)
        if board is not None and shared.listed & bit:
            self._top(board).put(member, own)
        shared.listed &= ~bit
        self._put(place, window, own)

    def _shares(self, place: i64) -> bool:
        """Tell whether a place next to this one has the same cell."""
        cell = self.at(place)
        return (place > 0 and self.at(place - 1) is cell) or (place + 1 < self._places() and self.at(place + 1) is cell)

    def _top(self, board: Any) -> Top[Any]:
        """Return the top that the cell of a board's window may be in."""
        raise NotImplementedError

    def _whole(self, fields: list[Any]) -> Cell:
        """Make a cell of its fields."""
        raise NotImplementedError

    def _filled(self, fields: list[Any]) -> Self:
        """Fill a new row with cells that are read as `pack` writes them."""
        places = self._places()
        cells: list[Cell] = []
        older: list[tuple[int, Cell]] = []
        for place, each in enumerate(fields):
            if not isinstance(each, int):
                cell = self._whole(each)
                window = each[0]
            else:
                cell = cells[-1] if place < places else cells[-1].copy()
                window = each
            cells.append(cell)
            if place < places:
                self._put(place, window, cell)
            else:
                older.append((window, cell))
        self._older = tuple(older)
        return self


@mypyc_attr(acyclic=True)
class Gifters(Cells):
    """What one gifter gave to one stream in one unit."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_NO_GIFTER, _NO_GIFTER)

    @classmethod
    def unpack(cls, fields: list[Any]) -> Self:
        """Make a row of its fields."""
        return cls()._filled(fields)

    def _top(self, board: "Board") -> Top[Any]:
        return board.top

    def _whole(self, fields: list[Any]) -> Gifter:
        """As `Gifter.unpack`, in half the time: compiled, a named class is called without a tuple of arguments."""
        _, name, value, sends, reached_ms = fields
        return Gifter(name, value, sends, reached_ms)


@mypyc_attr(acyclic=True)
class Gifts(Cells):
    """What one gift of the catalogue brought to one stream in one unit."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_NO_GIFT, _NO_GIFT)

    @classmethod
    def unpack(cls, fields: list[Any]) -> Self:
        """Make a row of its fields."""
        return cls()._filled(fields)

    def _top(self, board: "Board") -> Top[Any]:
        return board.top_gifts

    def _whole(self, fields: list[Any]) -> Gift:
        _, name, value, sends = fields
        return Gift(name, value, sends)


@mypyc_attr(acyclic=True)
class Streamers(Cells):
    """What one stream was given from one region in one unit: regions have no board for `stream`."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_NO_STREAMER, None)

    @classmethod
    def unpack(cls, fields: list[Any]) -> Self:
        """Make a row of its fields."""
        return cls()._filled(fields)

    def _top(self, board: "ScopeBoard") -> Top[Any]:
        return board.top

    def _whole(self, fields: list[Any]) -> Streamer:
        _, channel_id, channel_name, value, sends, reached_ms = fields
        return Streamer(channel_id, channel_name, value, sends, reached_ms)


def _behind(before: Cell, cell: Cell, window: i64) -> Any:
    """Return what is written of a cell behind another one."""
    return window if cell is before or cell.says_as(before) else cell.in_window(window)


def _size_behind(before: Cell, cell: Cell) -> i64:
    return WINDOW_BYTES if cell is before or cell.says_as(before) else cell.size()


_NO_GIFTER: Final = Gifter(None, 0, 0, 0)
_NO_GIFT: Final = Gift(None, 0, 0)
_NO_STREAMER: Final = Streamer("", None, 0, 0, 0)
