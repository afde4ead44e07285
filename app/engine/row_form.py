"""How a row is written, and how it is read back whichever version of its form it was written in.

A changelog is compacted: a row stays as it was written until it changes, and beside it lie rows that later versions
wrote. So each row says for itself which version it has. One of version 1 is MessagePack; before that of a later one
stand two bytes, one that MessagePack never uses and the version.
"""

from collections.abc import Callable, Mapping
from operator import methodcaller
from typing import Any, Final, Generic, TypeVar, get_origin

import msgspec

from app.engine.errors import FormatUnknown

R = TypeVar("R")
Reader = Callable[[bytes], Any]
Writer = Callable[[Any], bytes]

HEAD: Final = 0xC1
"""The first byte of a row that has a version above 1."""

NEWER: Final = "run the version that wrote it, or a newer one"
ANOTHER_VERSION: Final = "run the version that wrote it, or count the log anew under another app id (docs/rebuild.md)"

UNREADABLE: Final = (msgspec.MsgspecError, TypeError, ValueError, LookupError)
"""What a row may raise that cannot be read."""


encode_row: Final = msgspec.msgpack.Encoder(enc_hook=methodcaller("pack")).encode
"""A row is anything that msgspec writes as an array, or has a `pack` that returns the fields its `unpack` takes."""


def _encode_packed(row: Any) -> bytes:
    """As `encode_row`, which is slow in finding out what it has to pack."""
    return encode_row(row.pack())


def decoder(row_type: Any) -> Reader:
    """Return what makes a row of that type of its bytes, which have no head."""
    return _of_fields(row_type.unpack) if hasattr(row_type, "unpack") else msgspec.msgpack.Decoder(row_type).decode


class RowForm(Generic[R]):
    """How the rows of one family are written and read.

    `encode` writes a row in the current `version`: the `head`, and then the fields, those that the row's `pack` returns
    or that it is, as a plain tuple. Of other rows the head is not known, but None. `older` makes a row of the fields
    (plain lists, maps, strings and numbers) that an older version wrote, for each of them. `first` reads a row that has
    no head.
    """

    __slots__ = ("_by_version", "_tag", "encode", "first", "head")

    def __init__(self, tag: str, row_type: Any, version: int, older: Mapping[int, Callable[[Any], R]]) -> None:
        if version < 1 or sorted(older) != list(range(1, version)):
            raise ValueError(f"family {tag!r} of version {version} has to read all versions before it, not {[*older]}")
        self._tag = tag
        self._by_version = {at: _of_fields(make) for at, make in older.items()} | {version: decoder(row_type)}
        self.first: Callable[[bytes], R] = self._by_version[1]
        has_pack = hasattr(row_type, "pack")
        encode: Writer = _encode_packed if has_pack else encode_row
        head = b"" if version == 1 else bytes((HEAD, version))
        self.head = head if has_pack or get_origin(row_type) is tuple else None
        self.encode: Writer = _headed(head, encode) if head else encode

    def later(self, value: bytes) -> R:
        """Read a row that has a head. Raises FormatUnknown for a newer version."""
        version = value[1]
        read = self._by_version.get(version)
        if read is None:
            raise FormatUnknown(
                f"the changelog holds a row of kind {self._tag!r} in version {version}, the newest known here is "
                f"{max(self._by_version)}; {NEWER}"
            )
        row: R = read(value[2:])
        return row

    def read(self, group: str, rows: dict[str, Any], members: list[str]) -> None:
        """Put the rows of these members of a group in the place of what is written of them. Raises FormatUnknown."""
        first, later, member = self.first, self.later, ""
        try:
            for member in members:
                value: bytes | None = rows[member]
                if value is None:
                    del rows[member]
                else:
                    rows[member] = first(value) if value[0] != HEAD else later(value)
        except UNREADABLE as error:
            raise unreadable(f"{self._tag}{group} {member}".encode(), error) from error


def unreadable(key: bytes, error: Exception) -> FormatUnknown:
    """Return the error that names the row."""
    return FormatUnknown(
        f"the changelog holds a row that this version cannot read ({key!r}: {error}); {ANOTHER_VERSION}"
    )


def _headed(head: bytes, encode: Writer) -> Writer:
    return lambda row: head + encode(row)


def _of_fields(make: Callable[[Any], Any]) -> Reader:
    fields = msgspec.msgpack.Decoder().decode
    return lambda value: make(fields(value))
