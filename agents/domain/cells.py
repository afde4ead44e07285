"""A row of cells: what one gifter, gift or region brought to a stream, a cell for each window.

A row has a place for each of the windows `1m`, `1h`, `1d` and `stream`, in this order: there are the cells of those
that the last gift fell into, where it fell into them. Behind them are those of other windows whose boards still live. A
cell says by its `window` which board it belongs to. One that belongs to no living board is dead: it is never read, and
goes when its row next turns to a new window.

A row is written as an array of its cells. Of a cell that says the same as the one before it, only the window is
written: who has given to a stream on one day alone has said all in the cell of the hour, or of the minute.
"""

from collections.abc import Container
from typing import Any, Final, Self

from mypy_extensions import i64, mypyc_attr

from agents.domain.rows import Cell, Gift, Gifter, Row, Streamer

NO_WINDOW: Final = -1

WINDOW_BYTES: Final = 9
"""What a cell takes of which only the window is written, at most."""


@mypyc_attr(acyclic=True)
class Cells(Row):
    """The cells of one row, all of one class. `run`, which is not written, is the run in which it changed last.

    Cells are returned without a type, as mypyc compiles no acyclic generics: who asks knows of which class they are.
    """

    __slots__ = ("_day", "_ever", "_hour", "_minute", "_older", "run")

    def __init__(self, empty: Cell, ever: Cell | None) -> None:
        """`empty`, which belongs to no board and is shared, takes the first three places; `ever` None: no fourth."""
        self._minute = empty
        self._hour = empty
        self._day = empty
        self._ever = ever
        self._older: tuple[Cell, ...] = ()
        self.run: i64 = -1

    def at(self, place: i64) -> Any:
        """Return the cell at a place."""
        if place == 0:
            return self._minute
        if place == 1:
            return self._hour
        return self._day if self._ever is None or place == 2 else self._ever

    def find(self, window: i64) -> Any:
        """Return the cell of a window that is not that of its place, or None."""
        for cell in self._older:
            if cell.window == window:
                return cell
        return None

    def turn(self, place: i64, cell: Cell, live: Container[int]) -> None:
        """Put a cell in its place; the one that was there goes behind if its board is among the `live`."""
        before = self.at(place)
        if self._older or before.window != NO_WINDOW:
            older = [old for old in (*self._older, before) if old is not cell and old.window in live]
            self._older = tuple(older)
        self._put(place, cell)

    def all(self) -> list[Any]:
        """Return all cells, in the order in which they are written."""
        cells = [self._minute, self._hour, self._day]
        if self._ever is not None:
            cells.append(self._ever)
        cells.extend(self._older)
        return cells

    def pack(self) -> Any:
        """Return what is written: an array of arrays, and of windows."""
        # Not by `all`, which makes a list more for each row that is written.
        fields = [self._minute.pack(), _behind(self._minute, self._hour), _behind(self._hour, self._day)]
        last = self._day
        if self._ever is not None:
            fields.append(_behind(last, self._ever))
            last = self._ever
        for cell in self._older:
            fields.append(_behind(last, cell))
            last = cell
        return fields

    def size(self) -> i64:
        """Return what the row's cells take as they are written, in bytes, at most."""
        size = self._minute.size() + _size_behind(self._minute, self._hour) + _size_behind(self._hour, self._day)
        last = self._day
        if self._ever is not None:
            size += _size_behind(last, self._ever)
            last = self._ever
        for cell in self._older:
            size += _size_behind(last, cell)
            last = cell
        return size

    def __len__(self) -> int:
        return (3 if self._ever is None else 4) + len(self._older)

    def _put(self, place: i64, cell: Cell) -> None:
        if place == 0:
            self._minute = cell
        elif place == 1:
            self._hour = cell
        elif place == 2:
            self._day = cell
        else:
            self._ever = cell

    def _whole(self, fields: list[Any]) -> Cell:
        """Make a cell of its fields."""
        raise NotImplementedError

    def _filled(self, fields: list[Any]) -> Self:
        """Fill a new row with cells that are read as `pack` writes them."""
        cells: list[Cell] = []
        for each in fields:
            cells.append(cells[-1].in_window(each) if isinstance(each, int) else self._whole(each))
        places = len(self)
        for place, cell in enumerate(cells[:places]):
            self._put(place, cell)
        self._older = tuple(cells[places:])
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

    def _whole(self, fields: list[Any]) -> Gifter:
        """As `Gifter.unpack`, in half the time: compiled, a named class is called without a tuple of arguments."""
        window, name, value, sends, reached_ms = fields
        return Gifter(window, name, value, sends, reached_ms)


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

    def _whole(self, fields: list[Any]) -> Gift:
        window, name, value, sends = fields
        return Gift(window, name, value, sends)


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

    def _whole(self, fields: list[Any]) -> Streamer:
        window, channel_id, channel_name, value, sends, reached_ms = fields
        return Streamer(window, channel_id, channel_name, value, sends, reached_ms)


def _behind(before: Cell, cell: Cell) -> Any:
    """Return what is written of a cell behind another one."""
    return cell.window if cell.says_as(before) else cell.pack()


def _size_behind(before: Cell, cell: Cell) -> i64:
    return WINDOW_BYTES if cell.says_as(before) else cell.size()


_NO_GIFTER: Final = Gifter(NO_WINDOW, None, 0, 0, 0)
_NO_GIFT: Final = Gift(NO_WINDOW, None, 0, 0)
_NO_STREAMER: Final = Streamer(NO_WINDOW, "", None, 0, 0, 0)
