"""The rows of one partition's changelog against the recount, at the position that the commit row names.

The recount is fed once. This follows it, and compares everything when it has come to the position.
"""

from app.audit.fate import Fate
from app.audit.memory import Keeper, StreakKey
from app.audit.recount import Recount
from app.audit.state import State
from app.audit.state_boards import Case, compare_scopes, compare_totals, scope_key, total_key
from app.audit.state_cells import compare_cells
from app.audit.state_engagement import Crowds
from app.audit.state_progress import BigGifts, commit_differs, compare_progress
from app.audit.state_rows import COMMIT_KEY
from app.audit.state_seen import SeenIds
from app.audit.state_streaks import compare_streaks, streak_row_key
from app.audit.state_verdicts import StateVerdicts


class RowKeeper(Keeper):
    """Keeps what has a row, so that it can be compared even if it lingers."""

    def __init__(self, state: State) -> None:
        self._totals = state.rows("totals")
        self._scopes = state.rows("scopes")
        self._streaks = state.rows("streaks")

    def keeps_board(self, key: str) -> bool:
        return total_key(key) in self._totals

    def keeps_scope(self, key: str) -> bool:
        return scope_key(key) in self._scopes

    def keeps_streak(self, key: StreakKey) -> bool:
        return streak_row_key(key) in self._streaks


class StateCheck:
    """`before` and `note` each record that the recount applies, in offset order; then `finish`.

    `published` is a position that had been published before the changelog was read. The recount must have a RowKeeper
    of the state.
    """

    def __init__(self, state: State, recount: Recount, verdicts: StateVerdicts, published: int) -> None:
        self._position = state.commit.position if state.commit else 0
        self._case = Case(state, recount, self._position, verdicts)
        self._seen = SeenIds(self._case)
        self._crowds = Crowds(self._case)
        self._big_gifts = BigGifts(self._case)
        self._is_open = self._judge_commit(published)
        self._watermark = self._end = 0

    def before(self, offset: int) -> None:
        """The record at an offset is the next to be applied."""
        if self._is_open and offset >= self._position:
            self._compare()
        self._watermark = self._case.recount.watermark

    def note(self, offset: int, fate: Fate) -> None:
        """The record was applied, and that is what became of it."""
        self._end = offset + 1
        if self._is_open:
            self._seen.note(offset, fate)
            self._crowds.note(fate, self._watermark)
            self._big_gifts.note(fate)

    def finish(self, log_end: int = 0) -> None:
        """No record is left; the log ends at `log_end`, or right behind the last record."""
        end = max(log_end, self._end)
        if self._is_open and self._position > end:
            detail = f"position: expected at most {end}, where the source log ends, found {self._position}"
            self._case.verdicts.find("different", "commit", COMMIT_KEY, detail)
        elif self._is_open:
            self._compare()

    def _judge_commit(self, published: int) -> bool:
        """Judge the commit row; say whether there is a position to compare the rows at."""
        state, verdicts = self._case.state, self._case.verdicts
        for key, why in state.malformed.items():
            verdicts.compared("commit", key, why, "extra")
        if state.commit is None:
            if len(state) or published:
                detail = f"expected a commit row behind {len(state)} rows and {published} published records, found none"
                verdicts.find("missing", "commit", COMMIT_KEY, detail)
            return False
        partitions = self._case.recount.options.partitions
        verdicts.compared("commit", COMMIT_KEY, commit_differs(state.commit, partitions, published))
        return True

    def _compare(self) -> None:
        self._is_open = False
        totals, scopes = compare_totals(self._case), compare_scopes(self._case)
        compare_cells(self._case, totals, scopes)
        self._seen.finish()
        compare_streaks(self._case)
        self._crowds.finish()
        compare_progress(self._case, self._big_gifts.count)
