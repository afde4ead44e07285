"""What may differ between two right states: when boards were archived and rows deleted, and what the log has lost."""

from typing import Any

import pytest

from app.audit.compare import Log, compare
from app.audit.report import Report
from tests.audit.small_log import NOON, OPTIONS, Json, gift, log
from tests.audit.small_state import (
    BUCKET,
    COMMIT,
    LATER,
    TALLY,
    Rows,
    audited,
    found,
    minute,
    small_log,
    small_rows,
    state_of,
)

S_MINUTE, S_HOUR, S_STREAM = f"bcoin|1m|{NOON} tiktok:s", f"bcoin|1h|{NOON} tiktok:s", "bcoin|stream|0 tiktok:s"
BO, ROSE, DE = "gtiktok:s|coin bo", "ftiktok:s|coin rose", "stiktok:s|coin DE"
GLOBAL_MINUTE, DE_MINUTE, DE_HOUR = (
    f"{scope} " for scope in (f"cglobal|coin|1m|{NOON}", f"cregion:DE|coin|1m|{NOON}", f"cregion:DE|coin|1h|{NOON}")
)
SEEN, STREAK, ENGAGEMENT = "i0 ", "ktiktok:s ana||rose|k1", "etiktok:s "
HORIZON, HOUR = OPTIONS.horizon_ms, 3_600_000
DAYS = 24 * HOUR


def with_field(key: str, field: int, value: Any, rows: Rows | None = None) -> Rows:
    rows = rows or small_rows()
    rows[key][field] = value
    return rows


def after(moment_ms: int, rows: Rows | None = None) -> Report:
    """Audit the rows when another stream's gift has moved the watermark; that stream has no rows."""
    source = small_log(gift("8", moment_ms, stream_id="tiktok:t"))
    return audited(with_field(COMMIT, 1, 9, rows or small_rows()), source)


def without(key: str) -> Rows:
    rows = small_rows()
    del rows[key]
    return rows


@pytest.mark.parametrize("final_at", [0, 5, 8])
def test_when_a_board_was_made_final_is_left_open(final_at: int) -> None:
    assert audited(with_field(S_MINUTE, 7, final_at)).findings == []


@pytest.mark.parametrize("final_at", [-1, 4, 9])
def test_but_it_was_after_the_last_change_and_not_in_future(final_at: int) -> None:
    assert found(audited(with_field(S_MINUTE, 7, final_at))) == [("different", S_MINUTE)]


def test_cells_of_an_archived_board_are_dead() -> None:
    rows = with_field(S_MINUTE, 8, True)
    assert audited(rows).findings == []
    rows[BO][0] = [minute(NOON), None, 99, 9, NOON]
    del rows[ROSE][1]
    assert audited(rows).findings == []


def test_cells_of_an_archived_region_are_dead() -> None:
    rows = with_field(DE_MINUTE, 3, True)
    assert audited(rows).findings == []
    del rows[DE][0]
    assert audited(rows).findings == []


@pytest.mark.parametrize(("key", "field"), [(S_HOUR, 8), (S_STREAM, 8), (DE_HOUR, 3)])
def test_what_the_watermark_has_not_closed_is_not_archived(key: str, field: int) -> None:
    rows = with_field(key, field, True)
    if key.startswith("b"):
        rows[key][7] = 8
    assert found(audited(rows)) == [("different", key)]


def test_what_is_not_final_is_not_archived() -> None:
    rows = with_field(S_MINUTE, 7, 0, with_field(S_MINUTE, 8, True))
    assert found(audited(rows)) == [("different", S_MINUTE)]


def test_cells_of_boards_that_are_gone_are_dead() -> None:
    rows = small_rows()
    rows[BO].append([minute(NOON - HOUR), None, 1, 1, NOON - HOUR])
    assert audited(rows).findings == []


@pytest.mark.parametrize("key", [BO, DE])
def test_a_cell_that_is_its_window_alone_says_what_the_one_before_it_says(key: str) -> None:
    rows = small_rows()
    first, *others = rows[key]
    rows[key] = [first, *(window for window, *_ in others)]
    assert audited(rows).findings == []
    rows[key][1] += 4
    assert found(audited(rows)) == [("missing", key)]
    rows[key][1] -= 4
    first[-2] += 1
    assert found(audited(rows)) == [("different", key)]


@pytest.mark.parametrize("key", [S_MINUTE, GLOBAL_MINUTE])
@pytest.mark.parametrize(("over", "may_go"), [(0, False), (1, True)])
def test_a_board_may_go_after_its_retention(key: str, over: int, may_go: bool) -> None:
    report = after(NOON + 60_000 + HOUR + over, without(key))
    assert (("missing", key) not in found(report)) is may_go


@pytest.mark.parametrize("later", [2 * HOUR, 30 * DAYS])
def test_a_row_that_lingers_is_compared_all_the_same(later: int) -> None:
    assert S_MINUTE not in {key for _, key in found(after(NOON + later))}
    assert ("different", S_MINUTE) in found(after(NOON + later, with_field(S_MINUTE, 2, 31)))


def test_a_broadcast_may_go_eight_days_after_its_last_gift() -> None:
    assert ("missing", S_STREAM) in found(after(LATER + 8 * DAYS, without(S_STREAM)))
    assert ("missing", S_STREAM) not in found(after(LATER + 8 * DAYS + 1, without(S_STREAM)))


def test_a_broadcast_begins_anew_and_its_old_cells_are_dead() -> None:
    again = LATER + 8 * DAYS + 1
    source = small_log(gift("8", again, stream_id="tiktok:t"), gift("9", again, sender_id="bo"))
    rows = with_field(COMMIT, 1, 10)
    rows[S_STREAM] = ["chan", None, 5, 1, again, again, 9, 0, False, again]
    rows[BO] = [*rows[BO], [again * 4 + 3, None, 5, 1, again]]
    assert {S_STREAM, "gtiktok:s|coin ana"}.isdisjoint(key for _, key in found(audited(rows, source)))
    rows[BO][-1][2] = 15
    assert ("different", BO) in found(audited(rows, source))


def filled(moment_ms: int, rows: Rows) -> Report:
    """Audit the rows when the watermark has come to a moment with the last of a hundred gifts to another stream."""
    times = [LATER] * 99 + [moment_ms]
    source = small_log(*(gift(f"b{n}", at, stream_id="tiktok:t") for n, at in enumerate(times)))
    if SEEN in rows:
        rows[SEEN] += [part for n in range(56) for part in ("tiktok:t", f"tiktok:b{n}", LATER)]
    return audited(with_field(COMMIT, 1, 108, rows), source)


@pytest.mark.parametrize(("key", "last"), [(SEEN, LATER), (STREAK, NOON + 3_000)])
def test_ids_and_streaks_may_go_past_the_horizon(key: str, last: int) -> None:
    assert ("missing", key) in found(filled(last + HORIZON, without(key)))
    assert ("missing", key) not in found(filled(last + HORIZON + 1, without(key)))


@pytest.mark.parametrize("later", [2 * HORIZON, 2 * DAYS])
@pytest.mark.parametrize(("key", "field"), [(SEEN, 2), (STREAK, 0)])
def test_ids_and_streaks_that_linger_are_compared_all_the_same(key: str, field: int, later: int) -> None:
    assert key not in {key for _, key in found(filled(NOON + later, small_rows()))}
    assert ("different", key) in found(filled(NOON + later, with_field(key, field, 1)))


@pytest.mark.parametrize("at", [BUCKET, BUCKET + 12, BUCKET + 13, BUCKET + 24])
def test_engagement_is_that_of_the_boundary_that_its_row_was_evaluated_at(at: int) -> None:
    rows = with_field(ENGAGEMENT, 2, at)
    if at <= BUCKET + 12:
        assert found(audited(rows)) == [("missing", "ttiktok:s ")]
        rows["ttiktok:s s1"] = [6, {"coin": 30}, {"ana": 3, "bo": 2, "": 1}, BUCKET]
    assert audited(rows).findings == []


def test_tallies_that_are_not_recent_any_more_linger_and_others_are_of_a_gift() -> None:
    rows = small_rows()
    rows["ttiktok:s s1"] = [99, {}, {}, BUCKET]
    assert audited(rows).findings == []
    rows["ttiktok:s s1"] = [1, {"coin": 5}, {"ana": 1}, BUCKET + 23]
    assert found(audited(rows)) == [("different", "ttiktok:s s1")]


def test_a_bucket_has_one_tally() -> None:
    rows = small_rows()
    rows["ttiktok:s s1"] = rows[TALLY]
    assert found(audited(rows)) == [("different", "ttiktok:s s1")]


def test_the_key_of_a_tally_of_version_1_is_its_bucket() -> None:
    rows = small_rows()
    *fields, bucket = rows.pop(TALLY)
    assert audited(rows | {f"ttiktok:s {bucket}": fields}).findings == []
    wrong = f"ttiktok:s {bucket - 1}"
    assert found(audited(rows | {wrong: fields})) == [("different", wrong), ("missing", "ttiktok:s ")]
    assert found(audited(rows | {TALLY: fields})) == [("different", TALLY), ("missing", "ttiktok:s ")]


@pytest.mark.parametrize("sends", [1, 2])
def test_engagement_of_version_1_holds_its_tallies_itself(sends: int) -> None:
    rows = small_rows()
    del rows[TALLY]
    rows[ENGAGEMENT].insert(8, {BUCKET + 24: [sends, {"coin": 5}, {"ana": 1}]})
    assert found(audited(rows)) == [("different", ENGAGEMENT)] * (sends == 2)


@pytest.mark.parametrize("at", [BUCKET - 1, BUCKET + 25])
def test_which_is_neither_before_the_last_gift_nor_ahead_of_the_watermark(at: int) -> None:
    assert found(audited(with_field(ENGAGEMENT, 2, at))) == [("different", ENGAGEMENT)]


def test_engagement_may_go_after_two_hours() -> None:
    newest = (BUCKET + 24) * 5_000
    assert ("missing", ENGAGEMENT) in found(after(newest + 2 * HOUR, without(ENGAGEMENT)))
    assert ("missing", ENGAGEMENT) not in found(after(newest + 2 * HOUR + 5_000, without(ENGAGEMENT)))


def test_a_stream_that_comes_back_after_two_hours_is_as_good_as_new() -> None:
    back = NOON + 3 * HOUR
    source = small_log(gift("8", back, stream_id="tiktok:t"), gift("9", back))
    at = back // 5_000
    rows = with_field(COMMIT, 1, 10)
    rows[ENGAGEMENT] = [at, at, at, at + 12, 0.25, 0.25, 0, 0, None]
    rows[TALLY] = [1, {"coin": 5}, {"ana": 1}, at]
    assert not {key for _, key in found(audited(rows, source)) if key[1:].startswith("tiktok:s ")}


def lost(count: int, *events: Json, rows: Rows) -> Report:
    """Audit the rows when retention has taken the first records of the log."""
    kept = Log(count, [record for record in log(*events).records if record.offset >= count])
    return compare({0: kept}, {}, {}, OPTIONS, {0: state_of(rows)})


SMALL = [gift("1"), gift("2", NOON + 1_000), gift("3", NOON + 2_000)]


def test_rows_that_may_rest_on_lost_records_are_not_judged() -> None:
    rows = with_field(COMMIT, 1, 3, with_field(COMMIT, 4, 3, with_field("pp ", 0, 3)))
    report = lost(1, *SMALL, rows=rows)
    assert report.state is not None
    assert report.findings == []
    assert {family: rows.checked for family, rows in report.state.items() if rows.checked} == {"commit": 1}
    assert report.state["totals"].unverifiable == 5


@pytest.mark.parametrize("start", [9, 20])
def test_a_state_whose_position_the_log_has_lost_is_not_judged(start: int) -> None:
    source = Log(start, [record for record in log(*SMALL * 10).records if record.offset >= start])
    report = compare({0: source}, {}, {}, OPTIONS, {0: state_of(small_rows())})
    assert report.findings == []


def test_rows_well_after_the_loss_are_judged() -> None:
    again = NOON + 3 * DAYS
    rows = {
        COMMIT: [2, 5, 4, b"", 5, 2, ""],
        f"bcoin|1m|{again} tiktok:s": ["chan", None, 5, 1, again, again, 4, 0, False, again],
        f"bcoin|1h|{again} tiktok:s": ["chan", None, 6, 1, again, again, 4, 0, False, again],
        f"bcoin|1d|{again - 12 * HOUR} tiktok:s": ["chan", None, 5, 1, again, again, 4, 0, False, again],
        "bcoin|stream|0 tiktok:s": ["chan", None, 777, 7, again, again, 4, 0, False, NOON],
        "gtiktok:s|coin ana": [[again * 4, None, 5, 1, again], [again * 4 + 1, None, 5, 2, again]],
        "i0 ": ["tiktok:s", "tiktok:9", again],
        "pp ": [5, again, 0, 0, 0, 0, 0, 0, 0, [[0, 1, NOON]]],
    }
    report = lost(1, *SMALL, gift("8", again - DAYS, stream_id="tiktok:t"), gift("9", again), rows=rows)
    assert {
        ("different", f"bcoin|1h|{again} tiktok:s"),
        ("different", "gtiktok:s|coin ana"),
        ("missing", "ftiktok:s|coin rose"),
        ("missing", f"cglobal|coin|1h|{again} "),
        ("missing", "etiktok:s "),
    } <= set(found(report))
    assert {"bcoin|stream|0 tiktok:s", "i0 ", "pp "}.isdisjoint(key for _, key in found(report))
