"""The changelog's rows: how they are written, and how a partition's are read back.

Key: the family's tag, the group, a space, the member. Value: MessagePack, empty for a tombstone. Two keys are the
engine's own: the commit row, which says what the rows before it stand for, and the fence row of a new owner. A third,
`REPLACED_KEY`, ends the use of a changelog for good: its value is the app id that has taken over.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from app.engine.errors import FormatUnknown, Replaced
from app.engine.row_form import HEAD, NEWER, encode_row
from app.engine.rows import Family

FORMAT: Final = 2
"""1, of before the first release, had a row for each window of a gifter, and one for each seen id."""
_ANOTHER_VERSION: Final = "run the version that wrote it, or count the log anew under another app id (docs/rebuild.md)"

COMMIT_KEY: Final = b"\x00commit"
FENCE_KEY: Final = b"\x00fence"
REPLACED_KEY: Final = b"\x00replaced"

Row = tuple[bytes, bytes | None]


class Commit(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a run: everything before it is the state at `position`.

    `position` is the next offset to read; `last_offset` and `last_hash` name the record before it (-1 and empty at
    the start). Every change below `mark` has been published. `settings` is a hash of what decides the counting.
    """

    format: int
    position: int
    last_offset: int
    last_hash: bytes
    mark: int
    partitions: int
    settings: str


def record_hash(record: Any) -> bytes:
    """Eight bytes that tell whether a record is still the same: key, value and append time."""
    digest = blake2b(digest_size=8)
    for part in (record.key, record.value, str(record.timestamp).encode()):
        digest.update(b"-" if part is None else b"%d:" % len(part) + part)
    return digest.digest()


def changed_rows(families: Iterable[Family[Any]]) -> list[Row]:
    """Take what changed in the families, encoded; None stands for a tombstone."""
    rows: list[Row] = []
    for family in families:
        encode = family.form.encode
        for group, members in family.take_changed().items():
            held = family.groups.get(group, {})
            prefix = f"{family.tag}{group} "
            for member in members:
                row = held.get(member)
                rows.append(((prefix + member).encode(), None if row is None else encode(row)))
    return rows


def commit_row(commit: Commit) -> Row:
    """Encode the commit row."""
    return COMMIT_KEY, encode_row(commit)


class RowLoader:
    """Applies a partition's changelog rows, in offset order, to fresh families."""

    def __init__(self, families: Sequence[Family[Any]]) -> None:
        self.commit: Commit | None = None
        self.rows = 0
        self._by_tag = {ord(family.tag): (family.load, family.form.first, family.form.later) for family in families}

    def apply(self, key: bytes, value: bytes | None) -> None:
        """Apply one row. Raises FormatUnknown for a row of a newer version, Replaced if this state is out of use."""
        known = self._by_tag.get(key[0])
        if known is None:
            self._apply_own(key, value)
            return
        load, first, later = known
        group, _, member = key[1:].decode().partition(" ")
        try:
            row = None if value is None else first(value) if value[0] != HEAD else later(value)
        except (msgspec.MsgspecError, TypeError, ValueError, LookupError) as error:
            raise FormatUnknown(
                f"the changelog holds a row that this version cannot read ({key!r}: {error}); {_ANOTHER_VERSION}"
            ) from error
        load(group, member, row)
        self.rows += 1

    def _apply_own(self, key: bytes, value: bytes | None) -> None:
        """Apply a row of the engine's own, or refuse one of a family that is not known."""
        if key == COMMIT_KEY:
            self.commit = _decode_commit(value or b"")
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


def _decode_commit(value: bytes) -> Commit:
    fields = msgspec.msgpack.decode(value)
    if fields[0] > FORMAT:
        raise FormatUnknown(f"the changelog has format {fields[0]}, the newest known here is {FORMAT}; {NEWER}")
    if fields[0] < FORMAT:
        raise FormatUnknown(f"the changelog has format {fields[0]}, this version reads {FORMAT}; {_ANOTHER_VERSION}")
    return msgspec.convert(fields, Commit)
