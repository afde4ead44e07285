"""Reading a changelog that grows and is compacted while it is read."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple, cast

from msgspec.msgpack import encode

from app.audit.read import Bounds, LogReader
from app.audit.run import read_state


class Row(NamedTuple):
    offset: int
    key: bytes
    value: bytes | None


def commit(position: int) -> bytes:
    return encode([2, position, position - 1, b"", 0, 4, ""])


class Growing:
    """A changelog of two runs, whose third comes, and takes a row of the first with it, while those are read."""

    def __init__(self) -> None:
        first = [Row(0, b"cglobal|coin|1h|0 ", b"old"), Row(1, b"\0commit", commit(5))]
        second = [Row(2, b"i0 ", b"ids"), Row(3, b"\0commit", commit(6))]
        self._third = [Row(4, b"cglobal|coin|1h|0 ", b"new"), Row(5, b"i0 ", None), Row(6, b"\0commit", commit(7))]
        self._log = [*first, *second]

    async def bounds(self, topic: str, partition: int) -> Bounds:
        return Bounds(0, self._log[-1].offset + 1)

    async def batches(self, topic: str, partition: int, bounds: Bounds) -> AsyncIterator[list[Row]]:
        if self._third:
            self._log, self._third = [*self._log[1:], *self._third], []
        yield [row for row in self._log if bounds.start <= row.offset < bounds.end]


def test_what_compaction_took_out_of_the_way_is_read_where_it_went() -> None:
    state = asyncio.run(read_state(cast(LogReader, Growing()), "changelog", 0))
    assert state.commit is not None
    assert state.commit.position == 7
    assert state.rows("scopes") == {b"cglobal|coin|1h|0 ": b"new"}
    assert len(state) == 1
