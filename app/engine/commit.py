"""The commit row: what the rows before it in the changelog stand for.

Its key is `COMMIT_KEY`, its value MessagePack. Not compiled with the rest of the changelog: mypyc makes no msgspec
Struct.
"""

from hashlib import blake2b
from typing import Any, Final

import msgspec

from app.engine.errors import FormatUnknown
from app.engine.row_form import ANOTHER_VERSION, NEWER, encode_row

FORMAT: Final = 2
"""1, of before the first release, had a row for each window of a gifter, and one for each seen id."""


COMMIT_KEY: Final = b"\x00commit"


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


def commit_row(commit: Commit) -> tuple[bytes, bytes]:
    """Return the key and the value of the commit row."""
    return COMMIT_KEY, encode_row(commit)


def decode_commit(value: bytes) -> Commit:
    """Read the value of a commit row. Raises FormatUnknown for one of another format."""
    fields = msgspec.msgpack.decode(value)
    if fields[0] > FORMAT:
        raise FormatUnknown(f"the changelog has format {fields[0]}, the newest known here is {FORMAT}; {NEWER}")
    if fields[0] < FORMAT:
        raise FormatUnknown(f"the changelog has format {fields[0]}, this version reads {FORMAT}; {ANOTHER_VERSION}")
    return msgspec.convert(fields, Commit)
