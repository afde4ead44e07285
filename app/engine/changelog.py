"""The changelog's rows: how they are written, and how a partition's are read back.

Key: the family's tag, the group, a space, the member. Value: MessagePack, empty for a tombstone. Two keys are the
engine's own: the commit row, which says what the rows before it stand for, and the fence row of a new owner. A third,
`REPLACED_KEY`, ends the use of a changelog for good: its value is the app id that has taken over.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from app.engine.commit import ANOTHER_VERSION, COMMIT_KEY, Commit, decode_commit
from app.engine.errors import FormatUnknown, Replaced
from app.engine.row_form import HEAD, NEWER, RowForm
from app.engine.rows import Family, Row, Rows

FENCE_KEY: Final = b"\x00fence"
REPLACED_KEY: Final = b"\x00replaced"


def changed_rows(families: Iterable[Family[Any]]) -> Rows:
    """Take what changed in the families, as it is written."""
    rows = Rows()
    for family in families:
        family.take_rows(rows)
    return rows


STEP: Final = 5_000
"""So many rows at most are taken, or read, before others may run."""


class RowLoader:
    """Brings a partition's changelog rows into fresh families: `take` all, in offset order, then `finish`.

    Of each key the newest counts. Where compaction has not come yet, most rows are older ones, which are not worth
    decoding: so none is before all are there.
    """

    def __init__(self, families: Sequence[Family[Any]]) -> None:
        self.commit: Commit | None = None
        self.rows = 0
        self._by_tag = {family.tag.encode(): family for family in families}
        self._taken: dict[bytes, dict[str, Any]] = {}

    def load(self, rows: Iterable[Row]) -> None:
        """Take all rows and finish, in one go."""
        self.take(rows)
        for _ in self.finish():
            pass

    def take(self, rows: Iterable[Row]) -> None:
        """Take rows that follow those taken before. Raises FormatUnknown if a key is no text."""
        groups, key = self._taken, b""
        try:
            for key, value in rows:
                head, _, member = key.partition(b" ")
                newest = groups.get(head)
                if newest is None:
                    head.decode()  # or it is refused here
                    newest = groups[head] = {}
                newest[member.decode()] = value
        except ValueError as error:
            raise _unreadable(key, error) from error

    def finish(self) -> Iterator[None]:
        """Read the rows, some at each step.

        Raises FormatUnknown for one of a newer version, Replaced if this state is out of use. All are read: one that
        this version cannot read is to end the worker before it counts anything.
        """
        read = 0
        for head, rows in self._taken.items():
            family = self._by_tag.get(head[:1])
            if family is None:
                self._apply_own(head, rows.get(""))
                continue
            members = list(rows)
            self.rows += len(members)
            for at in range(0, len(members), STEP):
                _read(family.form, head, rows, members[at : at + STEP])
                read += min(STEP, len(members) - at)
                if read >= STEP:
                    read = 0
                    yield
            if rows:
                family.groups[head[1:].decode()] = rows
        self._taken.clear()

    def _apply_own(self, key: bytes, value: bytes | None) -> None:
        """Apply a row of the engine's own, or refuse one of a family that is not known."""
        if key == COMMIT_KEY:
            try:
                self.commit = decode_commit(value or b"")
            except _UNREADABLE as error:
                raise _unreadable(key, error) from error
        elif key == REPLACED_KEY:
            raise replaced(value)
        elif key != FENCE_KEY:
            raise FormatUnknown(
                f"the changelog holds rows of kind {key.decode()[:1]!r}, which this version does not know; {NEWER}"
            )


_UNREADABLE: Final = (msgspec.MsgspecError, TypeError, ValueError, LookupError)


def _read(form: RowForm[Any], head: bytes, rows: dict[str, Any], members: list[str]) -> None:
    """Put the rows of these members of a group in the place of what is written of them."""
    first, later, member = form.first, form.later, ""
    try:
        for member in members:
            value: bytes | None = rows[member]
            if value is None:
                del rows[member]
            else:
                rows[member] = first(value) if value[0] != HEAD else later(value)
    except _UNREADABLE as error:
        raise _unreadable(head + b" " + member.encode(), error) from error


def _unreadable(key: bytes, error: Exception) -> FormatUnknown:
    return FormatUnknown(
        f"the changelog holds a row that this version cannot read ({key!r}: {error}); {ANOTHER_VERSION}"
    )


def replaced(by: bytes | None) -> Replaced:
    """Return the error that tells who has taken over; `by` is the value under REPLACED_KEY."""
    app_id = (by or b"").decode(errors="replace")
    return Replaced(
        f"the state of this app id was replaced by that of {app_id}; set GIFTSTREAM_APP_ID={app_id}, with the settings "
        "that it was counted under"
    )
