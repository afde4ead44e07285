"""The rows that hold a partition's state, written as MessagePack arrays. Who changes one: see `tables.Kind`.

Gifters, gifts and streamers come as one row of cells for all windows (`agents.domain.cells`), so that a gift changes
one row of each and not one a window. All are plain classes with 64-bit numbers, which are kept unboxed when compiled;
`Boards` stops where one would overflow.
"""

from typing import Any, Final, Self

from mypy_extensions import i64, mypyc_attr

Fields = tuple[Any, ...]

CELL_BYTES: Final = 40
"""What a cell takes beside its strings, at most: four numbers, and what surrounds them."""


def bytes_of(name: str | None) -> i64:
    """Return what a name takes in UTF-8, at most."""
    if name is None:
        return 0
    return len(name) if name.isascii() else 4 * len(name)


@mypyc_attr(acyclic=True)
class Row:
    """What can be written: `pack` returns the fields, of which `unpack` makes the row again."""

    __slots__ = ()

    @classmethod
    def unpack(cls, fields: list[Any]) -> Self:
        """Make a row of its fields."""
        return cls(*fields)

    def pack(self) -> Fields:
        """Return the fields, in the order in which the row takes them."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Ranked(Row):
    """A row that can be in a top: the higher `value` is the better one, then the lower `second`.

    `listed`, which is not written, has the `Top.bit` of each top that it is in.
    """

    __slots__ = ("listed", "sends", "value")

    def __init__(self, value: i64, sends: i64) -> None:
        self.value = value
        self.sends = sends
        self.listed: i64 = 0

    def second(self) -> i64:
        """Return what decides between equal values."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Total(Ranked):
    """What one stream was given in one unit and window; also the stream's entry in the `global` board.

    `reached_ms` is the event time of the gift that made `value`, `last_ms` the highest event time, `offset` the
    record that changed the board last. `final_at` is the position at which the board was made final, 0 while it is
    open. Of an archived board only this row is left, until its tombstone. `opened_ms` is the event time of the first
    gift.
    """

    __slots__ = (
        "archived",
        "channel_id",
        "channel_name",
        "final_at",
        "last_ms",
        "offset",
        "opened_ms",
        "reached_ms",
    )

    def __init__(
        self,
        channel_id: str,
        channel_name: str | None,
        value: i64,
        sends: i64,
        reached_ms: i64,
        last_ms: i64,
        offset: i64,
        final_at: i64 = 0,
        archived: bool = False,
        opened_ms: i64 = 0,
    ) -> None:
        self.channel_id = channel_id
        self.channel_name = channel_name
        self.value = value
        self.sends = sends
        self.reached_ms = reached_ms
        self.last_ms = last_ms
        self.offset = offset
        self.final_at = final_at
        self.archived = archived
        self.opened_ms = opened_ms
        self.listed = 0

    def second(self) -> i64:
        """The earlier to reach the value is the better one."""
        return self.reached_ms

    def pack(self) -> Fields:
        """Return the fields."""
        return (
            self.channel_id,
            self.channel_name,
            self.value,
            self.sends,
            self.reached_ms,
            self.last_ms,
            self.offset,
            self.final_at,
            self.archived,
            self.opened_ms,
        )


@mypyc_attr(acyclic=True)
class Cell(Ranked):
    """What a row says of a window, or of several of which it says the same."""

    __slots__ = ()

    def size(self) -> i64:
        """Return what it takes in its row with its strings, in bytes, at most."""
        raise NotImplementedError

    def says_as(self, other: "Cell") -> bool:
        """Tell whether another cell of the class says the same."""
        raise NotImplementedError

    def copy(self) -> "Cell":
        """Return a cell that says the same, and is in no top."""
        raise NotImplementedError

    def in_window(self, window: i64) -> Fields:
        """Return what is written of it, for a window, which is the `Board.id`."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Gifter(Cell):
    """What one gifter gave to one stream in one unit and a window."""

    __slots__ = ("name", "reached_ms")

    def __init__(self, name: str | None, value: i64, sends: i64, reached_ms: i64) -> None:
        self.name = name
        self.value = value
        self.sends = sends
        self.reached_ms = reached_ms
        self.listed = 0

    def second(self) -> i64:
        """The earlier to reach the value is the better one."""
        return self.reached_ms

    def size(self) -> i64:
        """Return what it takes, with its name."""
        return CELL_BYTES + bytes_of(self.name)

    def says_as(self, other: Cell) -> bool:
        """As `Cell.says_as`."""
        assert isinstance(other, Gifter)
        return (
            self.value == other.value
            and self.sends == other.sends
            and self.reached_ms == other.reached_ms
            and self.name == other.name
        )

    def copy(self) -> "Gifter":
        """As `Cell.copy`."""
        return Gifter(self.name, self.value, self.sends, self.reached_ms)

    def in_window(self, window: i64) -> Fields:
        """As `Cell.in_window`."""
        return window, self.name, self.value, self.sends, self.reached_ms


@mypyc_attr(acyclic=True)
class Gift(Cell):
    """What one gift of the catalogue brought to one stream in one unit and a window."""

    __slots__ = ("name",)

    def __init__(self, name: str | None, value: i64, sends: i64) -> None:
        self.name = name
        self.value = value
        self.sends = sends
        self.listed = 0

    def second(self) -> i64:
        """The one that was sent more often is the better one."""
        return -self.sends

    def size(self) -> i64:
        """Return what it takes, with its name."""
        return CELL_BYTES + bytes_of(self.name)

    def says_as(self, other: Cell) -> bool:
        """As `Cell.says_as`."""
        assert isinstance(other, Gift)
        return self.value == other.value and self.sends == other.sends and self.name == other.name

    def copy(self) -> "Gift":
        """As `Cell.copy`."""
        return Gift(self.name, self.value, self.sends)

    def in_window(self, window: i64) -> Fields:
        """As `Cell.in_window`."""
        return window, self.name, self.value, self.sends


@mypyc_attr(acyclic=True)
class Streamer(Cell):
    """What one stream was given from one region in one unit and a window. The attributes are those of `Total`."""

    __slots__ = ("channel_id", "channel_name", "reached_ms")

    def __init__(self, channel_id: str, channel_name: str | None, value: i64, sends: i64, reached_ms: i64) -> None:
        self.channel_id = channel_id
        self.channel_name = channel_name
        self.value = value
        self.sends = sends
        self.reached_ms = reached_ms
        self.listed = 0

    def second(self) -> i64:
        """The earlier to reach the value is the better one."""
        return self.reached_ms

    def size(self) -> i64:
        """Return what it takes, with its strings."""
        return CELL_BYTES + len(self.channel_id) + bytes_of(self.channel_name)

    def says_as(self, other: Cell) -> bool:
        """As `Cell.says_as`."""
        assert isinstance(other, Streamer)
        return (
            self.value == other.value
            and self.sends == other.sends
            and self.reached_ms == other.reached_ms
            and self.channel_id == other.channel_id
            and self.channel_name == other.channel_name
        )

    def copy(self) -> "Streamer":
        """As `Cell.copy`."""
        return Streamer(self.channel_id, self.channel_name, self.value, self.sends, self.reached_ms)

    def in_window(self, window: i64) -> Fields:
        """As `Cell.in_window`."""
        return window, self.channel_id, self.channel_name, self.value, self.sends, self.reached_ms


@mypyc_attr(acyclic=True)
class Scope(Row):
    """What all streams of the partition were given in one scope, unit and window; `offset` as in `Total`."""

    __slots__ = ("archived", "offset", "sends", "value")

    def __init__(self, value: i64, sends: i64, offset: i64, archived: bool = False) -> None:
        self.value = value
        self.sends = sends
        self.offset = offset
        self.archived = archived

    def pack(self) -> Fields:
        """Return the fields."""
        return self.value, self.sends, self.offset, self.archived


@mypyc_attr(acyclic=True)
class Register(Row):
    """The highest cumulative quantity and value that a streak has shown, and the time it is remembered from.

    `run`, which is not written, is the run in which it changed last.
    """

    __slots__ = ("at_ms", "quantity", "run", "value")

    def __init__(self, quantity: i64, value: i64, at_ms: i64) -> None:
        self.quantity = quantity
        self.value = value
        self.at_ms = at_ms
        self.run: i64 = -1

    def pack(self) -> Fields:
        """Return the fields."""
        return self.quantity, self.value, self.at_ms
