"""The rows of streaks against the recount. Within the horizon each must be there; older ones may linger."""

from msgspec.structs import asdict

from app.audit.difference import difference
from app.audit.memory import Streak, StreakKey
from app.audit.state_boards import Case
from app.audit.state_rows import Register, RowError, read_key, read_row, row_key


def streak_row_key(streak: StreakKey) -> bytes:
    """Return the key of a streak's row."""
    stream, *others = streak
    return row_key("streaks", stream, "|".join(others))


def compare_streaks(case: Case) -> None:
    """Compare how far each streak has come. The recount must have kept those that have a row."""
    streaks, rows = case.recount.streaks, case.state.rows("streaks")
    for key, value in rows.items():
        _compare_row(case, key, value, streaks.get(_streak_of(key)))
    for streak, come_to in streaks.items():
        is_due = case.recount.remembers(come_to.heard_ms) and not come_to.tainted
        if is_due and (key := streak_row_key(streak)) not in rows:
            detail = f"quantity: expected {come_to.sends}, found no row"
            case.verdicts.find("missing", "streaks", key, detail)


def _compare_row(case: Case, key: bytes, value: bytes, streak: Streak | None) -> None:
    if streak.tainted if streak else case.recount.has_lost:
        case.verdicts.unverifiable("streaks")
    elif streak is None:
        case.verdicts.compared("streaks", key, "expected no row: there was no such streak", "extra")
    else:
        case.verdicts.compared("streaks", key, _difference(streak, value))


def _difference(streak: Streak, value: bytes) -> str | None:
    try:
        row = read_row(value, Register)
    except RowError as error:
        return str(error)
    return difference(asdict(Register(streak.sends, streak.value, streak.heard_ms)), asdict(row))


def _streak_of(key: bytes) -> StreakKey:
    _, stream, member = read_key(key)
    sender, recipient, gift, streak, *_ = *member.split("|"), "", "", ""
    return stream, sender, recipient, gift, streak
