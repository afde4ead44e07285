"""The changelog's rows: how they are written, and how a partition's are read back.

Key: the family's tag, the group, a space, the member. Value: MessagePack, empty for a tombstone. Two keys are the
engine's own: the commit row, which says what the rows before it stand for, and the fence row of a new owner. A third,
`REPLACED_KEY`, ends the use of a changelog for good: its value is the app id that has taken over.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

import msgspec

from app.engine.commit import ANOTHER_VERSION, COMMIT_KEY, Commit, decode_commit
from app.engine.errors import FormatUnknown, Replaced
from app.engine.row_form import HEAD, NEWER
from app.engine.rows import Family

FENCE_KEY: Final = b"\x00fence"
REPLACED_KEY: Final = b"\x00replaced"

Row = tuple[bytes, bytes | None]


def changed_rows(families: Iterable[Family[Any]]) -> list[Row]:
    """Take what changed in the families, encoded; None stands for a tombstone."""
    return [row for family in families for row in family.take_rows()]


Read = Callable[[bytes], Any]


class RowLoader:
    """Applies a partition's changelog rows, in offset order, to fresh families."""

    def __init__(self, families: Sequence[Family[Any]]) -> None:
        self.commit: Commit | None = None
        self.rows = 0
        self._by_tag = {ord(family.tag): family for family in families}
        self._groups: dict[bytes, tuple[dict[str, Any], Read, Read]] = {}

    def load(self, rows: Collection[Row]) -> None:
        """Apply rows. Raises FormatUnknown for one of a newer version, Replaced if this state is out of use.

        Each is decoded at once: one that this version cannot read is to end the worker before it counts anything.
        """
        groups, key = self._groups, b""
        self.rows += len(rows)
        try:
            for key, value in rows:
                head, _, member = key.partition(b" ")
                into = groups.get(head)
                if into is None or value is None:
                    self._apply_first(head, key, value)
                else:
                    members, first, later = into
                    members[member.decode()] = first(value) if value[0] != HEAD else later(value)
        except (msgspec.MsgspecError, TypeError, ValueError, LookupError) as error:
            raise FormatUnknown(
                f"the changelog holds a row that this version cannot read ({key!r}: {error}); {ANOTHER_VERSION}"
            ) from error

    def _apply_first(self, head: bytes, key: bytes, value: bytes | None) -> None:
        """Apply a tombstone, the first row of a group, or a row of the engine's own."""
        family = self._by_tag.get(head[0])
        if family is None:
            self.rows -= 1
            self._apply_own(key, value)
            return
        form, group, member = family.form, head[1:].decode(), key[len(head) + 1 :].decode()
        if value is None:
            family.load(group, member, None)
            self._groups.pop(head, None)  # it may have gone with its last row
        else:
            family.load(group, member, form.first(value) if value[0] != HEAD else form.later(value))
            self._groups[head] = family.groups[group], form.first, form.later

    def _apply_own(self, key: bytes, value: bytes | None) -> None:
        """Apply a row of the engine's own, or refuse one of a family that is not known."""
        if key == COMMIT_KEY:
            self.commit = decode_commit(value or b"")
        elif key == REPLACED_KEY:
            raise replaced(value)
        elif key != FENCE_KEY:
            raise FormatUnknown(
                f"the changelog holds rows of kind {chr(key[0])!r}, which this version does not know; {NEWER}"
            )


def replaced(by: bytes | None) -> Replaced:
    """Return the error that tells who has taken over; `by` is the value under REPLACED_KEY."""
    app_id = (by or b"").decode(errors="replace")
    return Replaced(
        f"the state of this app id was replaced by that of {app_id}; set GIFTSTREAM_APP_ID={app_id}, with the settings "
        "that it was counted under"
    )
