"""The changelog's rows: how they are written, and how a partition's are read back.

Key: the family's tag, the group, a space, the member. Value: MessagePack, empty for a tombstone. Two keys are the
engine's own: the commit row, which says what the rows before it stand for, and the fence row of a new owner. A third,
`REPLACED_KEY`, ends the use of a changelog for good: its value is the app id that has taken over.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from app.engine.commit import COMMIT_KEY, Commit, decode_commit
from app.engine.errors import FormatUnknown, Replaced
from app.engine.row_form import NEWER, UNREADABLE, unreadable
from app.engine.rows import STEP, Family, Row, Rows

FENCE_KEY: Final = b"\x00fence"
REPLACED_KEY: Final = b"\x00replaced"


def changed_rows(families: Iterable[Family[Any]]) -> Rows:
    """Take what changed in the families, as it is written."""
    rows = Rows()
    for family in families:
        family.take_rows(rows)
    return rows


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
            raise unreadable(key, error) from error

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
            self.rows += len(rows)
            for some in family.recover(head[1:].decode(), rows):
                read += some
                if read >= STEP:
                    read = 0
                    yield
        self._taken.clear()

    def _apply_own(self, key: bytes, value: bytes | None) -> None:
        """Apply a row of the engine's own, or refuse one of a family that is not known."""
        if key == COMMIT_KEY:
            try:
                self.commit = decode_commit(value or b"")
            except UNREADABLE as error:
                raise unreadable(key, error) from error
        elif key == REPLACED_KEY:
            raise replaced(value)
        elif key != FENCE_KEY:
            raise FormatUnknown(
                f"the changelog holds rows of kind {key.decode()[:1]!r}, which this version does not know; {NEWER}"
            )


def replaced(by: bytes | None) -> Replaced:
    """Return the error that tells who has taken over; `by` is the value under REPLACED_KEY."""
    app_id = (by or b"").decode(errors="replace")
    return Replaced(
        f"the state of this app id was replaced by that of {app_id}; set GIFTSTREAM_APP_ID={app_id}, with the settings "
        "that it was counted under"
    )
