"""The commit row and the row of progress against the recount."""

from msgspec.structs import asdict

from app.audit.difference import difference
from app.audit.fate import Fate
from app.audit.state_boards import Case
from app.audit.state_rows import PROGRESS_GROUP, Account, Commit, RowError, read_row, row_key


class BigGifts:
    """How many single gifts were big; None if the thresholds are not known."""

    def __init__(self, case: Case) -> None:
        self._thresholds = case.recount.options.big_gift
        self.count = None if self._thresholds is None else 0

    def note(self, fate: Fate) -> None:
        """Take in what became of the next record."""
        if self.count is None or self._thresholds is None or fate.what != "counted" or fate.event is None:
            return
        threshold = self._thresholds.get(fate.event.value_unit.partition(":")[0])
        self.count += threshold is not None and fate.value >= threshold


def commit_differs(commit: Commit, partitions: int, published: int) -> str | None:
    """Return what a commit row has wrong; `published` is a position that had been published before it was read."""
    if commit.partitions != partitions:
        return f"partitions: expected {partitions}, found {commit.partitions}"
    if commit.position < published:
        return f"position: expected at least {published}, up to which boards were published, found {commit.position}"
    if not 0 <= commit.mark <= commit.position:
        return f"mark: expected from 0 to {commit.position}, found {commit.mark}"
    return None


def compare_progress(case: Case, big_gifts: int | None) -> None:
    """Compare how far the partition is, and what became of its records."""
    expected = row_key("progress", PROGRESS_GROUP)
    rows = case.state.rows("progress")
    for key, value in rows.items():
        if key != expected:
            case.verdicts.compared("progress", key, "expected no row but one", "extra")
            continue
        try:
            _compare(case, key, read_row(value, Account), big_gifts)
        except RowError as error:
            case.verdicts.compared("progress", key, str(error))
    if expected not in rows and case.position > 0:
        case.verdicts.find("missing", "progress", expected, f"position: expected {case.position}, found no row")


def _compare(case: Case, key: bytes, row: Account, big_gifts: int | None) -> None:
    recount = case.recount
    if recount.has_lost and row.position == case.position:
        case.verdicts.unverifiable("progress")
        return
    counts = recount.counts
    right = Account(
        position=case.position,
        watermark=recount.watermark,
        counted=counts.counted,
        unchanged=counts.unchanged,
        duplicates=counts.duplicates,
        dead_lettered=sum(counts.dead_lettered.values()),
        late=counts.late,
        spikes=row.spikes,
        big_gifts=row.big_gifts if big_gifts is None else big_gifts,
        gaps=[],
    )
    case.verdicts.compared("progress", key, difference(asdict(right), asdict(row)))
