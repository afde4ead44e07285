"""What has changed and is not published yet, and from which offset on."""

from collections.abc import Iterable
from typing import Final

from agents.domain.board import AnyBoard, Board, ScopeBoard
from agents.domain.expiry import Tomb
from agents.domain.messages import Cut, Message
from agents.domain.small_rows import Outgoing
from agents.domain.snapshots import Snapshots
from agents.domain.tables import FamilyT

BOARDS_PER_CUT: Final = 4_000
"""Bounds the memory and the time that one cut takes. What is left over goes first into the next."""


class Publication:
    """The boards and spikes of one partition that are to be published, and the cut that is on its way.

    `pending` holds boards by the offset of their first change that is not published, lowest first.
    """

    __slots__ = ("_on_the_way", "_outbox", "_snapshots", "pending")

    def __init__(self, snapshots: Snapshots, outbox: FamilyT[Outgoing]) -> None:
        self._snapshots = snapshots
        self._outbox = outbox
        self._on_the_way: Cut | None = None
        self.pending: dict[AnyBoard, int] = {}

    def add(self, boards: Iterable[AnyBoard], offset: int) -> None:
        """Boards have changed at an offset; no pending change is behind it."""
        for board in boards:
            self.pending.setdefault(board, offset)

    def mark(self, position: int) -> int:
        """Return the offset below which every change is published, at most `position`."""
        since = [] if self._on_the_way is None else [self._on_the_way.since]
        return min([self.left(position), *since, *(row.offset for _, _, row in self._outbox)])

    def left(self, position: int) -> int:
        """Return what `mark` will be once the cut is acknowledged."""
        return min(position, next(iter(self.pending.values()), position))

    def take(self, cut: Cut, now_ms: int, min_interval_ms: int) -> None:
        """Move into the cut what may be published now. Raises RuntimeError while another is on its way."""
        if self._on_the_way is not None and self._on_the_way.messages:
            raise RuntimeError("a cut was taken before the last one was acknowledged")
        self._on_the_way = cut
        self._snapshots.cut()
        for board in self._ready(cut.watermark, now_ms, min_interval_ms):
            cut.since = min(cut.since, self.pending.pop(board))
            cut.boards[board] = None
            self._tell(board, cut.messages)
            board.published_ms = now_ms
        for spike_id, _, row in self._outbox:
            cut.outgoing[spike_id] = row
            cut.messages.append(("spikes", spike_id, row.payload))

    def acknowledge(self, cut: Cut) -> None:
        """The cut's messages are acknowledged: what was sent of the outbox, and is still the newest, is deleted."""
        self._on_the_way = None
        for spike_id, row in cut.outgoing.items():
            if self._outbox.get(spike_id) == row:
                self._outbox.delete(spike_id)

    def holds(self, board: AnyBoard) -> bool:
        """Tell whether the board's newest value is not acknowledged yet."""
        return board in self.pending or (self._on_the_way is not None and board in self._on_the_way.boards)

    def tombstones(self, tomb: Tomb) -> list[Message]:
        """Return the messages that remove a board."""
        if tomb.scope is not None:
            return [("partials", self._snapshots.partial_key(tomb.key), None)]
        return [("totals", tomb.key, None), ("gifters", tomb.key, None)]

    def _ready(self, watermark: int, now_ms: int, min_interval_ms: int) -> list[AnyBoard]:
        """Return all scopes, which are few, and so many boards; a last value waits for no interval."""
        ready: list[AnyBoard] = []
        room = BOARDS_PER_CUT
        for board in self.pending:
            waits = 0 <= now_ms - board.published_ms < min_interval_ms and not _is_last(board, watermark)
            if waits or (not room and isinstance(board, Board)):
                continue
            ready.append(board)
            room -= isinstance(board, Board)
        return ready

    def _tell(self, board: AnyBoard, messages: list[Message]) -> None:
        if isinstance(board, ScopeBoard):
            messages.append(("partials", self._snapshots.partial_key(board.key), self._snapshots.partial(board)))
        else:
            totals, gifters = self._snapshots.board(board)
            messages.append(("totals", board.key, totals))
            messages.append(("gifters", board.key, gifters))


def _is_last(board: AnyBoard, watermark: int) -> bool:
    """Tell whether a final value is to be published: of a scope, the one that the watermark makes final."""
    if isinstance(board, Board):
        return board.row.final_at > 0
    return board.within.closes is not None and board.within.closes <= watermark
