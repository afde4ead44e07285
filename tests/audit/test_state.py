"""The rows of state against a small log whose rows were written down by hand: each wrong one is found and named."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from msgspec.msgpack import encode

from app.audit.compare import compare
from app.audit.report import Report
from app.audit.state import State
from app.audit.state_rows import RowError
from tests.audit.small_log import NOON, OPTIONS, gift, log
from tests.audit.small_state import (
    BUCKET,
    COMMIT,
    LATER,
    POSITION,
    STREAM_ID,
    TALLY,
    Rows,
    audited,
    found,
    minute,
    small_log,
    small_rows,
    written,
)

S_MINUTE, S_STREAM = f"bcoin|1m|{NOON} tiktok:s", "bcoin|stream|0 tiktok:s"
ANA, BO = "gtiktok:s|coin ana", "gtiktok:s|coin bo"
ROSE, DE = "ftiktok:s|coin rose", "stiktok:s|coin DE"
GLOBAL_MINUTE = f"cglobal|coin|1m|{NOON} "
SEEN, STREAK, ENGAGEMENT, PROGRESS = "i0 ", "ktiktok:s ana||rose|k1", "etiktok:s ", "pp "
JUDGED = [key for key in small_rows() if key[0] not in "\0o"]

OTHERWISE = {"b": {7, 8}, "c": {3}, "e": {2, 3, 4, 5, 6, 7, 8}, "p": {7, 8}, "t": {3}}
"""Fields that are judged by other rules, or not at all, by tag."""

Path = tuple[int | str, ...]


def altered(key: str, path: Path, value: Any) -> Rows:
    """Return the rows with another value in one place."""
    rows = small_rows()
    at = rows[key]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return rows


def fields(row: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each place of a row that holds a number, a text or nothing, and what it holds."""
    if isinstance(row, list | dict):
        for step, part in row.items() if isinstance(row, dict) else enumerate(row):
            yield from fields(part, (*path, step))
    else:
        yield path, row


def alterations() -> Iterator[tuple[str, Path, Any]]:
    """Yield every compared field of every row with another value of its type; empty cells have none."""
    for key in JUDGED:
        for path, value in fields(small_rows()[key]):
            if path[0] not in OTHERWISE.get(key[0], ()) and (key, path[0]) != (ANA, 5):
                yield key, path, value - 1 if isinstance(value, int) else "other"


def test_rows_written_by_hand_are_exact() -> None:
    report = audited(small_rows())
    assert report.findings == []
    assert {family: rows.checked for family, rows in (report.state or {}).items()} == {
        "commit": 1,
        "totals": 5,
        "gifters": 2,
        "gifts": 2,
        "streams": 1,
        "scopes": 7,
        "seen": 1,
        "streaks": 1,
        "engagement": 1,
        "tallies": 1,
        "progress": 1,
    }


@pytest.mark.parametrize(("key", "path", "value"), list(alterations()))
def test_one_altered_field_is_found_under_its_key(key: str, path: Path, value: Any) -> None:
    assert {finding.key for finding in audited(altered(key, path, value)).findings} == {key}


@pytest.mark.parametrize("key", JUDGED)
def test_a_missing_row_is_found(key: str) -> None:
    rows = small_rows()
    del rows[key]
    missing = "ttiktok:s " if key == TALLY else key
    assert found(audited(rows)) == [("missing", missing)]
    assert found(audited(small_rows() | {key: None})) == [("missing", missing)]


@pytest.mark.parametrize(
    ("key", "row"),
    [
        (f"bcoin|1h|{NOON} tiktok:t", ["chan", None, 5, 1, NOON, NOON, 0, 0, False, NOON]),
        (f"bcoin|1m|{NOON - 86_400_000} tiktok:s", ["chan", None, 5, 1, NOON, NOON, 0, 0, False, NOON]),
        ("bcoin|2h|0 tiktok:s", ["chan", None, 5, 1, NOON, NOON, 0, 0, False, NOON]),
        ("gtiktok:s|coin cy", [[STREAM_ID, None, 5, 1, NOON]]),
        ("ftiktok:s|coin cake", [[STREAM_ID, None, 5, 1]]),
        ("stiktok:t|coin DE", [[minute(NOON), "chan", "Chan", 5, 1, NOON]]),
        (f"cregion:FR|coin|1m|{NOON} ", [5, 1, 0, False]),
        ("i1 ", ["tiktok:s", "tiktok:9", NOON]),
        ("ktiktok:s ana||rose|k2", [2, 10, NOON]),
        ("etiktok:t ", [BUCKET, BUCKET, BUCKET, 0, 0.25, 0.25, 0, 0, None]),
        ("ttiktok:t s0", [1, {"coin": 5}, {"ana": 1}, BUCKET]),
        ("pq ", [POSITION, LATER, 5, 1, 1, 1, 0, 0, 0, []]),
        ("xwho knows", [1]),
        ("bno-member", [1]),
    ],
)
def test_a_row_too_many_is_found(key: str, row: Any) -> None:
    assert found(audited(small_rows() | {key: row})) == [("extra", key)]


def test_a_finding_names_topic_key_field_and_partition() -> None:
    [finding] = audited(altered(BO, (1, 2), 11)).findings
    assert (finding.topic, finding.key) == ("giftstream-state-changelog", BO)
    assert finding.detail == f"1h|{NOON}.value: expected 10, found 11 (partition 0)"


@pytest.mark.parametrize("key", [BO, ROSE, DE])
def test_a_cell_that_is_not_there_is_missing_in_its_row(key: str) -> None:
    rows = small_rows()
    del rows[key][1]
    [finding] = audited(rows).findings
    assert (finding.kind, finding.key) == ("missing", key)
    assert finding.detail.endswith(": expected a cell, found no such cell (partition 0)")


def test_a_cell_that_is_there_twice_is_found() -> None:
    rows = small_rows()
    rows[BO].append(rows[BO][0])
    assert found(audited(rows)) == [("different", BO)]


@pytest.mark.parametrize("row", [[1], "text", [[]], {"a": 1}])
@pytest.mark.parametrize("key", [S_MINUTE, ANA, ROSE, DE, GLOBAL_MINUTE, SEEN, STREAK, ENGAGEMENT, TALLY, PROGRESS])
def test_a_value_of_another_shape_is_found(key: str, row: Any) -> None:
    assert ("different", key) in found(audited(small_rows() | {key: row}))


def test_rows_are_those_of_the_position_whatever_came_after() -> None:
    source = small_log(gift("8", LATER + 5), gift("9", LATER + 3_600_000))
    assert audited(small_rows(), source).findings == []


def test_the_last_value_of_a_key_counts() -> None:
    state = State()
    for key, row in [*((key, [0]) for key in JUDGED), *small_rows().items()]:
        state.apply(key.encode(), written(key, row))
    state.apply(b"\0fence", b"")
    report = compare({0: small_log(), 1: log()}, {}, {}, OPTIONS, {0: state, 1: State()})
    assert report.findings == []


def test_rows_of_a_later_version_can_not_be_judged() -> None:
    says = r"row b'pp ' has version 2, the newest known here is 1: run the audit of the version that wrote it"
    with pytest.raises(RowError, match=says):
        State.of([(b"pp ", b"\xc1\x02" + encode([8]))])
    with pytest.raises(RowError, match=r"version 3, the newest known here is 2"):
        State.of([(b"etiktok:s ", b"\xc1\x03" + encode([8]))])


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        (1, 9, "position: expected at most 8, where the source log ends, found 9"),
        (4, 9, "mark: expected from 0 to 8, found 9"),
        (5, 4, "partitions: expected 2, found 4"),
    ],
)
def test_what_a_commit_row_says_is_judged(field: int, value: int, detail: str) -> None:
    [finding] = audited(altered(COMMIT, (field,), value)).findings
    assert (finding.key, finding.detail) == (COMMIT, f"{detail} (partition 0)")


def test_rows_without_a_commit_row_are_found() -> None:
    rows = small_rows()
    del rows[COMMIT]
    [finding] = audited(rows).findings
    assert (finding.kind, finding.key) == ("missing", COMMIT)


def test_a_state_that_is_behind_what_was_published_is_found() -> None:
    state = State.of((key.encode(), written(key, row)) for key, row in small_rows().items())
    report = compare({0: small_log(), 1: log()}, {}, {0: 9, 1: 1}, OPTIONS, {0: state, 1: State()})
    details = [finding.detail for finding in report.findings if finding.key == COMMIT]
    assert details == [
        "position: expected at least 9, up to which boards were published, found 8 (partition 0)",
        "expected a commit row behind 0 rows and 1 published records, found none (partition 1)",
    ]


def test_big_gifts_are_recounted_if_the_thresholds_are_known() -> None:
    known = replace(OPTIONS, big_gift={"coin": 10})
    assert found(audited(small_rows(), options=known)) == [("different", PROGRESS)]
    assert audited(altered(PROGRESS, (8,), 2), options=known).findings == []


def test_an_audit_of_state_counts_boards_and_rows() -> None:
    report: Report = audited(small_rows())
    assert (report.checked, report.checked_rows, report.exit_code()) == (0, 23, 1)
    report.boards["totals"].checked = 3
    assert report.verdict() == "exact: 3 published boards, 23 rows of state compared"
    assert report.exit_code() == 0
    assert report.as_dict()["state"]["totals"] == {"checked": 5, "unverifiable": 0, "drift": []}


def test_an_audit_of_state_without_rows_has_checked_nothing() -> None:
    report = compare({0: log()}, {}, {}, OPTIONS, {0: State()})
    report.boards["totals"].checked = 3
    assert (report.verdict(), report.exit_code()) == ("no row of state could be checked", 1)
