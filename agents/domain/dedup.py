"""Which events have been seen within the horizon. Forgotten is what the watermark says, deleted is what came after.

Ids are kept in blocks, one row for each 64 offsets of the source: a row an id would be a tenth of all rows.
"""

from collections import deque
from typing import Final

from mypy_extensions import i64

from agents.domain.growth import Growth
from agents.domain.tables import FamilyT

BLOCK: Final = 64
"""In offsets. A row that is still growing is written again with each run."""

ID_BYTES: Final = 16
"""What an id takes beside its own characters and those of its stream."""


class Seen:
    """The ids seen in one partition, by stream and event id.

    An id is remembered from t = max(event time, watermark) of the event that brought it, while t + horizon is at
    least the watermark. An older event would not be admitted, so no duplicate is ever missed.

    The row of a block is flat: stream, event id and t of each event, in the order of their offsets. `held` is how many
    ids are in all rows.
    """

    __slots__ = ("_block", "_blocks", "_family", "_growth", "_horizon_ms", "_ids", "_latest_ms", "_row", "held")

    def __init__(self, family: FamilyT[list[str | int]], horizon_ms: int) -> None:
        self._family = family
        self._horizon_ms: i64 = horizon_ms
        self._growth = Growth(family)
        self._ids: dict[str, dict[str, int]] = {}
        self._blocks: deque[str] = deque()
        self._block: i64 = -1
        self._latest_ms: i64 = 0
        self._row: list[str | int] = []
        self.held: i64 = 0

    def remembered(self, stream: str, event_id: str, watermark: i64) -> bool:
        """Tell whether the event has been seen within the horizon."""
        ids = self._ids.get(stream)
        at_ms = None if ids is None else ids.get(event_id)
        return at_ms is not None and at_ms + self._horizon_ms >= watermark

    def remember(self, stream: str, event_id: str, at_ms: i64, offset: i64) -> None:
        """Remember the event at `offset` from `at_ms` on. Offsets rise."""
        ids = self._ids.get(stream)
        if ids is None:
            ids = self._ids[stream] = {}
        ids[event_id] = at_ms
        if offset // BLOCK != self._block:
            self._begin(offset // BLOCK)
        self._row += (stream, event_id, at_ms)
        self.held += 1
        self._growth.add(ID_BYTES + len(stream) + len(event_id))

    def cut(self) -> None:
        """The changed rows are about to be taken: the next id is a change again."""
        self._block = -1
        self._growth.cut()

    def forget(self, watermark: i64) -> None:
        """Delete at most one block, if all its ids are past the horizon."""
        if self._latest_ms + self._horizon_ms >= watermark:
            return
        row = self._family.get(self._blocks[0]) if self._blocks else None
        if row is None:
            return
        self._latest_ms = max(_times(row))  # a bound: ids may come to a block that still grows
        if self._latest_ms + self._horizon_ms < watermark:
            self._latest_ms = 0
            self._family.delete(self._blocks.popleft())
            self._block = -1
            self.held -= len(row) // 3
            for stream, event_id, at_ms in zip(row[::3], row[1::3], _times(row), strict=True):
                self._forget(str(stream), str(event_id), at_ms)

    def restore(self) -> None:
        """Take up the loaded blocks."""
        rows = sorted((int(block), row) for block, _, row in self._family)
        self._blocks = deque(str(block) for block, _ in rows)
        self.held = sum(len(row) // 3 for _, row in rows)
        for _, row in rows:
            for stream, event_id, at_ms in zip(row[::3], row[1::3], _times(row), strict=True):
                self._ids.setdefault(str(stream), {})[str(event_id)] = at_ms

    def _begin(self, block: i64) -> None:
        """The row of a block changes for the first time in this run."""
        key = str(block)
        row = self._family.get(key)
        if row is None:
            row = []
            self._blocks.append(key)
        self._block, self._row = block, row
        self._family.put(key, "", row, ID_BYTES + sum(len(part) for part in row if isinstance(part, str)))

    def _forget(self, stream: str, event_id: str, at_ms: int) -> None:
        """Forget an id, unless it came again since."""
        ids = self._ids[stream]
        remembered_ms = ids.pop(event_id, at_ms)
        if remembered_ms != at_ms:
            ids[event_id] = remembered_ms
        elif not ids:
            del self._ids[stream]


def _times(row: list[str | int]) -> list[int]:
    return row[2::3]  # type: ignore[return-value] # each third part is one
