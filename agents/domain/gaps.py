"""Records that were lost before they were counted, as the operator accepted, and the boards that may lack them."""

from agents.domain.board import AnyBoard, Board
from agents.domain.check import MAX_AHEAD_MS
from agents.domain.small_rows import Gap
from agents.domain.windows import RETENTION_MS


class Gaps:
    """The gaps in one partition's log. Append times do not fall, so no lost gift lies beyond the first record after.

    A window may lack gifts if it began by then. A `stream` board may if it was opened until a retention later: if it
    had been there before, it would have been kept so long.
    """

    __slots__ = ("_gaps", "_partition", "open")

    def __init__(self, partition: int, gaps: list[Gap]) -> None:
        """`gaps` is shared with the row that keeps it. `open` tells that the record after one is still to come."""
        self._partition = partition
        self._gaps = gaps
        self.open = any(not gap.until_ms for gap in gaps)

    def __bool__(self) -> bool:
        return bool(self._gaps)

    def add(self, begin: int, end: int) -> None:
        """The records from offset `begin` to `end`, half open, are lost."""
        self._gaps.append(Gap(begin, end))
        self.open = True

    def bound(self, append_ms: int) -> None:
        """The first record after a gap was appended at that time."""
        for gap in self._gaps:
            if not gap.until_ms:
                gap.until_ms = append_ms + MAX_AHEAD_MS
        self.open = False

    def of(self, board: AnyBoard) -> list[str]:
        """Return the gaps that the board may lack gifts of, each as `partition:first-last`."""
        return [f"{self._partition}:{gap.begin}-{gap.end - 1}" for gap in self._gaps if _may_lack(board, gap)]


def _may_lack(board: AnyBoard, gap: Gap) -> bool:
    if not gap.until_ms:
        return True
    if isinstance(board, Board) and board.within.closes is None:
        return board.row.opened_ms <= gap.until_ms + RETENTION_MS["stream"]
    return board.within.window.start_ms <= gap.until_ms
