"""Typed rows in groups, and which of them changed since the last run.

A family is one windowed table to the code that uses it: a group is the window (or any other key that lives and
dies together), a member is one row of it. All families of a partition share one changelog, so they move together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

from mypy_extensions import mypyc_attr

from app.engine.record import put_record, read_records
from app.engine.row_form import RowForm

try:
    from app.engine import encode as kernel
except ImportError:
    kernel = None  # type: ignore[assignment]

R = TypeVar("R")

STEP: Final = 5_000
"""So many rows at most are recovered before others may run."""

ROW_BYTES: Final = 96
"""Estimated size of a small row in a record batch, key included; larger rows say their own size."""


Row = tuple[bytes, bytes | None]
"""Key and value as they are written. None stands for a tombstone."""


class Rows:
    """What a run writes: the records of its batch, one behind the other, and how many they are.

    A row is written as its record at once: as a key and a value first it would be two objects more, and copied again.
    """

    __slots__ = ("count", "records")

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.records = bytearray()
        self.count = 0
        for key, value in rows:
            self.add(key, value)

    def add(self, key: bytes, value: bytes | None) -> None:
        """Add a row."""
        put_record(self.records, self.count, key, value)
        self.count += 1

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        return read_records(bytes(self.records))


class Pressure:
    """The estimated size, in bytes, of the rows that changed since the last run."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


@mypyc_attr(allow_interpreted_subclasses=True)
class Family(Generic[R]):
    """Rows of one type: group -> member -> row.

    `tag` is one ASCII character, unique in its table, and stands first in the changelog key. Rows may be changed in
    place, but each change is told by `put`, or as `changed` says. Group and member are strings without space.

    `changed` holds what changed since the last run: group -> member, row, member, row and so on, in the order of the
    changes; None stands for a row that was deleted, and of a member that is there twice the later row counts. It stays
    the same dict, so that a hot path can keep it at hand: a row that it enters there and in its group has changed as by
    `put`; its size is told to `grow`. It is written group by group: rows that lie apart took half as long again to
    recover.

    `version` is that of the rows' form: whoever changes `row_type` raises it, and says in `older` for each version
    before what makes a row of the fields that it wrote.
    """

    __slots__ = ("changed", "form", "groups", "pressure", "tag")

    def __init__(
        self,
        tag: str,
        row_type: type[R],
        pressure: Pressure | None = None,
        version: int = 1,
        older: Mapping[int, Callable[[Any], R]] | None = None,
    ) -> None:
        self.tag = tag
        self.form: RowForm[R] = RowForm(tag, row_type, version, older or {})
        self.groups: dict[str, dict[str, R]] = {}
        self.changed: dict[str, list[Any]] = {}
        self.pressure = pressure or Pressure()

    def get(self, group: str, member: str = "") -> R | None:
        """Return the row, or None."""
        rows = self.groups.get(group)
        return None if rows is None else rows.get(member)

    def put(self, group: str, member: str, row: R, size: int = ROW_BYTES) -> None:
        """Store a row, new or changed in place. `size` estimates its encoded bytes, key included."""
        rows = self.groups.get(group)
        if rows is None:
            rows = self.groups[group] = {}
        rows[member] = row
        self._change(group, member, row, size)

    def grow(self, size: int) -> None:
        """Rows of an estimated size were entered in `changed`."""
        self.pressure.bytes += size

    def delete(self, group: str, member: str = "") -> None:
        """Remove a row if it is there; the changelog gets a tombstone."""
        rows = self.groups.get(group)
        if rows is None or rows.pop(member, None) is None:
            return
        if not rows:
            del self.groups[group]
        self._change(group, member, None, ROW_BYTES)

    def drop(self, group: str) -> None:
        """Remove a whole group; the changelog gets a tombstone a row."""
        for member in self.groups.pop(group, ()):
            self._change(group, member, None, ROW_BYTES)

    def load(self, group: str, member: str, row: R | None) -> None:
        """Apply a recovered row (None: tombstone) without marking it as changed."""
        if row is not None:
            self.groups.setdefault(group, {})[member] = row
        elif (rows := self.groups.get(group)) is not None:
            rows.pop(member, None)
            if not rows:
                del self.groups[group]

    def recover(self, group: str, rows: dict[str, Any]) -> Iterator[int]:
        """Take up a group: by member what is written of its row, or None if it was deleted. The dict becomes the group.

        Yields after some rows how many they were. Raises FormatUnknown for one that this version cannot read.
        """
        members = list(rows)
        for at in range(0, len(members), STEP):
            some = members[at : at + STEP]
            self.form.read(group, rows, some)
            yield len(some)
        if rows:
            self.groups[group] = rows

    def take_rows(self, to: Rows) -> None:
        """Add what changed to what is written, and forget it."""
        form = self.form
        if kernel is not None:
            to.count = kernel.rows(self.tag, form.head, self.changed, form.encode, to.records, to.count)
        else:
            self._add_rows(to)
        self.changed.clear()

    def _add_rows(self, to: Rows) -> None:
        """As the kernel does, which is not everywhere."""
        encode, member = self.form.encode, ""
        for group, rows in self.changed.items():
            prefix = f"{self.tag}{group} "
            for at in range(0, len(rows), 2):
                member, row = rows[at], rows[at + 1]
                to.add((prefix + member).encode(), None if row is None else encode(row))

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.groups.values())

    def __iter__(self) -> Iterator[tuple[str, str, R]]:
        for group, rows in self.groups.items():
            for member, row in rows.items():
                yield group, member, row

    def _change(self, group: str, member: str, row: R | None, size: int) -> None:
        """Enter a change. If the same row was the last one of its group, it stays one, of the size it was told."""
        rows = self.changed.get(group)
        if rows is None:
            self.changed[group] = [member, row]
        elif rows[-2] != member:
            rows += (member, row)
        else:
            before, rows[-1] = rows[-1], row
            if before is not None:
                return
        self.pressure.bytes += size
