"""The rows of seen ids against the recount. Each holds the ids of 64 offsets and is deleted whole.

A block's row is compared as soon as the recount is past the block, so that only one block is held, and rows that linger
past the horizon are compared as well. Whether one that is not there ought to be is judged at the end.
"""

from sys import maxsize
from typing import Any, Final

from app.audit.difference import difference
from app.audit.fate import Fate
from app.audit.state_boards import Case
from app.audit.state_rows import BLOCK, RowError, read_ids, read_key, row_key

LOOKED_THROUGH_AT: Final = 1_024
"""So many blocks without a row are remembered before those past the horizon are dropped."""


class SeenIds:
    """The ids of one partition. `note` each record in offset order, then `finish` at the position."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._left = set(case.state.rows("seen"))
        self._without_row: dict[int, int] = {}
        self._look_through_at = LOOKED_THROUGH_AT
        self._lost_before = maxsize if case.recount.has_lost else 0
        self._block = -1
        self._ids: list[Any] = []
        self._newest_ms = 0
        self._tainted = False

    def note(self, offset: int, fate: Fate) -> None:
        """Take in what became of the next record."""
        block = offset // BLOCK
        if self._block < 0 and self._case.recount.has_lost:
            self._lost_before = block + 1
        if block != self._block:
            self._close()
            self._block = block
        event, memory = fate.event, fate.memory
        if event is None or memory is None:
            return
        self._tainted = self._tainted or memory.tainted
        if fate.what != "duplicate":
            self._ids += (event.stream_id, event.event_id, memory.heard_ms)
            self._newest_ms = max(self._newest_ms, memory.heard_ms)

    def finish(self) -> None:
        """Compare the last block, and see that no row is missing or too many."""
        self._close()
        verdicts, recount = self._case.verdicts, self._case.recount
        for block, newest_ms in self._without_row.items():
            if recount.remembers(newest_ms):
                detail = f"expected ids until the watermark, which is {recount.watermark}, is past the horizon"
                verdicts.find("missing", "seen", row_key("seen", str(block)), f"{detail}, found no row")
        for key in self._left:
            group = read_key(key).group
            if group.isdecimal() and int(group) < self._lost_before:
                verdicts.unverifiable("seen")
            else:
                verdicts.compared("seen", key, "expected no row: no id was new at these offsets", "extra")

    def _close(self) -> None:
        """The recount is past a block."""
        key = row_key("seen", str(self._block))
        value = self._case.state.rows("seen").get(key)
        if value is not None and (self._ids or self._tainted):
            self._left.discard(key)
            self._compare(key, value)
        elif self._ids and not self._tainted:
            self._without_row[self._block] = self._newest_ms
            self._look_through()
        self._ids, self._newest_ms, self._tainted = [], 0, False

    def _compare(self, key: bytes, value: bytes) -> None:
        if self._tainted:
            self._case.verdicts.unverifiable("seen")
            return
        try:
            detail = difference(self._ids, read_ids(value), "ids")
        except RowError as error:
            detail = str(error)
        self._case.verdicts.compared("seen", key, detail)

    def _look_through(self) -> None:
        if len(self._without_row) < self._look_through_at:
            return
        remembers = self._case.recount.remembers
        self._without_row = {block: ms for block, ms in self._without_row.items() if remembers(ms)}
        self._look_through_at = max(LOOKED_THROUGH_AT, 2 * len(self._without_row))
