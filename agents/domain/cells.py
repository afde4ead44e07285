"""A row of cells: what one gifter, gift or region brought to a stream, a cell for each window.

The first cells are of the windows `1m`, `1h`, `1d` and `stream` that the last gift fell into, where it fell into them;
behind them are those of other windows whose boards still live. A cell says by its `window` which board it belongs to.
One that belongs to no living board is dead: it is never read, and goes when its row next turns to a new window.
"""

from collections.abc import Container
from typing import Final, TypeVar

from mypy_extensions import i64

from agents.domain.rows import Cell, Gift, Gifter, Streamer

NO_WINDOW: Final = -1


C = TypeVar("C", bound=Cell)

NO_GIFTERS: Final = (Gifter(NO_WINDOW, None, 0, 0, 0),) * 4
NO_GIFTS: Final = (Gift(NO_WINDOW, None, 0, 0),) * 4
NO_STREAMERS: Final = (Streamer(NO_WINDOW, "", None, 0, 0, 0),) * 3
"""Rows of which no cell belongs to a board. Their cells are shared: never to be changed."""


def find(cells: tuple[C, ...], first: int, window: i64) -> C | None:
    """Return the cell of a window among those behind the first ones."""
    for cell in cells[first:]:
        if cell.window == window:
            return cell
    return None


def turn(cells: tuple[C, ...], first: int, at: int, cell: C, live: Container[int]) -> tuple[C, ...]:
    """Return the row with `cell` at `at`; the one that was there goes behind if its board is among the `live`."""
    older = [old for old in (*cells[first:], cells[at]) if old is not cell and old.window in live]
    return (*cells[:at], cell, *cells[at + 1 : first], *older)
