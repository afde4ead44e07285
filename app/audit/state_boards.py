"""The rows that are boards, totals and scopes, against the recount. What lies behind them is in `state_cells`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import asdict

from app.audit.difference import difference
from app.audit.recount import Recount
from app.audit.state import State
from app.audit.state_rows import KINDS, Family, RowError, Scope, Total, read_key, read_row, row_key, window_id
from app.audit.state_verdicts import StateVerdicts
from app.audit.tally import Tally


class LiveBoard(NamedTuple):
    """A board that has a row and is not archived: its cells must be there.

    `window_id` is that of its cells; `tally` is what they must add up to, None if the recount cannot tell.
    """

    window_id: int
    tally: Tally | None


Live = Mapping[str, LiveBoard]
"""By board key."""


@dataclass(frozen=True, slots=True)
class Case:
    """The rows of one partition at a position, and the recount at the same."""

    state: State
    recount: Recount
    position: int
    verdicts: StateVerdicts


def compare_totals(case: Case) -> Live:
    """Compare what each stream was given in each window; return the boards whose gifters and gifts must be there."""
    return _Boards(
        case, "totals", case.recount.streams, total_key, lambda *given: _total_differs(case, *given)
    ).compare()


def compare_scopes(case: Case) -> Live:
    """Compare what each scope was given in each window; return the boards whose streams must be there."""
    return _Boards(
        case, "scopes", case.recount.scopes, scope_key, lambda *given: _scope_differs(case, *given)
    ).compare()


def total_key(board: str) -> bytes:
    """Return the key of the row of a stream's board."""
    stream, _, window = board.partition("|")
    return row_key("totals", window, stream)


def scope_key(board: str) -> bytes:
    """Return the key of the row of a scope's board."""
    return row_key("scopes", board)


@dataclass(frozen=True, slots=True)
class _Boards:
    """One family of boards; `differs` reads a value and returns whether it is archived, and the field that differs."""

    case: Case
    family: Family
    tallies: Mapping[str, Tally]
    key_of: Callable[[str], bytes]
    differs: Callable[[Tally | None, bytes], tuple[bool, str | None]]

    def compare(self) -> Live:
        live: dict[str, LiveBoard] = {}
        for key, value in self.case.state.rows(self.family).items():
            board = _board_of(key)
            if board is None:
                self.case.verdicts.compared(self.family, key, "key: expected a board's unit, window and start", "extra")
            elif self._is_live(key, board, value):
                live[board] = self._live(board)
        for board, tally in self.tallies.items():
            if not self._may_lack(board, tally) and self.key_of(board) not in self.case.state.rows(self.family):
                detail = f"value: expected {tally.value} by offset {tally.changed}, found no row"
                self.case.verdicts.find("missing", self.family, self.key_of(board), detail)
        return live

    def _is_live(self, key: bytes, board: str, value: bytes) -> bool:
        """Compare one row; say whether its cells must be there."""
        tally, verdicts = self.tallies.get(board), self.case.verdicts
        is_uncertain = self.case.recount.is_uncertain(board)
        try:
            archived, detail = self.differs(tally, value)
        except RowError as error:
            verdicts.compared(self.family, key, str(error))
            return False
        if is_uncertain:
            verdicts.unverifiable(self.family)
        elif tally is None:
            verdicts.compared(self.family, key, "expected no row: nothing was given there", "extra")
        else:
            verdicts.compared(self.family, key, detail)
        return not archived and (is_uncertain or tally is not None)

    def _live(self, board: str) -> LiveBoard:
        _, _, name, start_ms = board.split("|")
        if self.case.recount.is_uncertain(board):
            return LiveBoard(window_id(name, int(start_ms)), None)
        tally = self.tallies[board]
        return LiveBoard(window_id(name, tally.opened_ms if name == "stream" else int(start_ms)), tally)

    def _may_lack(self, board: str, tally: Tally) -> bool:
        return self.case.recount.is_expired(tally) or self.case.recount.is_uncertain(board)


def _board_of(key: bytes) -> str | None:
    """Return the public key of a row's board; None if that is no board."""
    _, group, stream = read_key(key)
    board = f"{stream}|{group}" if stream else group
    parts = board.split("|")
    return board if len(parts) == 4 and parts[2] in KINDS and parts[3].isdecimal() else None


def _total_differs(case: Case, tally: Tally | None, value: bytes) -> tuple[bool, str | None]:
    row = read_row(value, Total)
    if tally is None:
        return row.archived, None
    expected = Total(
        channel_id=tally.channel_id,
        channel_name=tally.channel_name,
        value=tally.value,
        sends=tally.sends,
        reached_ms=tally.reached_ms,
        last_ms=tally.last_event_ms,
        offset=tally.changed,
        final_at=row.final_at,
        archived=row.archived,
        opened_ms=tally.opened_ms,
    )
    detail = difference(asdict(expected), asdict(row)) or _finality_differs(case, row)
    return row.archived, detail or _archive_differs(case, tally, row.archived)


def _finality_differs(case: Case, row: Total) -> str | None:
    """When a board was made final depends on when runs were cut; it was after its last change, and not in future."""
    if row.final_at != 0 and not row.offset < row.final_at <= case.position:
        return f"final_at: expected 0, or from {row.offset + 1} to {case.position}, found {row.final_at}"
    if row.archived and not row.final_at:
        return "archived: expected false, as the board is not final, found true"
    return None


def _scope_differs(case: Case, tally: Tally | None, value: bytes) -> tuple[bool, str | None]:
    row = read_row(value, Scope)
    if tally is None:
        return row.archived, None
    expected = Scope(tally.value, tally.sends, tally.changed, row.archived)
    return row.archived, difference(asdict(expected), asdict(row)) or _archive_differs(case, tally, row.archived)


def _archive_differs(case: Case, tally: Tally, archived: bool) -> str | None:
    """Only what the watermark has closed may be archived, and it need not be yet."""
    closes, watermark = case.recount.closes(tally.window), case.recount.watermark
    if not archived or (closes is not None and closes <= watermark):
        return None
    until = "" if closes is None else f" until the watermark, which is {watermark}, is {closes}"
    return f"archived: expected false{until}, found true"
