"""Numbers that add up, by name: for a machine that has millions of rows which are no more than that.

Compiled, a row takes a cache line (`count.c`), where an object in a dict lies in four. What is given up for it: nothing
is taken away singly, a group goes as a whole.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from app.engine.row_form import UNREADABLE, unreadable
from app.engine.rows import Family, Pressure

Counted = tuple[int, int]
"""A row: the value, and the position at which it changed first in the last run that it changed in."""

_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1

_decode: Final = msgspec.msgpack.Decoder(Counted).decode


class PlainCounters:
    """What the compiled ones are, in plain Python."""

    __slots__ = ("_changed", "_rows")

    def __init__(self) -> None:
        self._rows: dict[str, Counted] = {}
        self._changed: dict[str, None] = {}

    def add(self, name: str, amount: int, position: int, /) -> int:
        """Add to the value of a name, 0 before the first.

        Returns how many have changed in this run, if this is the first change of one; else 0. Raises OverflowError
        where the value would need more than 64 bits.
        """
        value, since = self._rows.get(name, (0, 0))
        value += amount
        if not _LEAST <= value <= _MOST:
            raise OverflowError(f"the value of {name!r} would not fit into 64 bits")
        if name in self._changed:
            self._rows[name] = value, since
            return 0
        self._rows[name] = value, position
        self._changed[name] = None
        return len(self._changed)

    def take(self) -> list[Any]:
        """End a run; return what has changed in it, as a family's `changed` has it: name, row, name, row and so on."""
        rows = [part for name in self._changed for part in (name, self._rows[name])]
        self._changed.clear()
        return rows

    def behind(self, position: int, /) -> list[Any]:
        """Return the names and rows, as `take` does, of those that changed last behind a position."""
        return [part for name, row in self._rows.items() if row[1] > position for part in (name, row)]

    def load(self, rows: dict[str, bytes | None], /) -> None:
        """Take up rows as they are written, None for none; that is no change. Raises one of `UNREADABLE`."""
        self._rows |= {name: _decode(written) for name, written in rows.items() if written is not None}

    def get(self, name: str, /) -> Counted | None:
        """Return the row of a name, or None."""
        return self._rows.get(name)

    def __len__(self) -> int:
        return len(self._rows)


try:
    from app.engine.count import Counters as Counters
except ImportError:
    Counters = PlainCounters  # type: ignore[assignment,misc]


class CounterFamily(Family[Counted]):
    """A family whose rows are kept by Counters, and not by itself: group -> counters.

    What their `take` returns is put into `changed` at each cut.
    """

    __slots__ = ("counters",)

    def __init__(self, tag: str, pressure: Pressure | None = None) -> None:
        super().__init__(tag, tuple[int, int], pressure)
        self.counters: dict[str, Counters] = {}

    def recover(self, group: str, rows: dict[str, Any]) -> Iterator[int]:
        """As `Family.recover`, but all of the group in one step, a million rows in a quarter of a second.

        The dict is left empty.
        """
        counters = Counters()
        try:
            counters.load(rows)
        except UNREADABLE as error:
            raise unreadable(f"{self.tag}{group} ".encode(), error) from error
        yield len(rows)
        rows.clear()
        if len(counters):
            self.counters[group] = counters

    def __len__(self) -> int:
        return sum(len(counters) for counters in self.counters.values())
