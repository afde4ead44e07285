"""A small source log of one partition, and the rows of state that it must leave, written down by hand."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.msgpack import encode

from app.audit.compare import Log, compare
from app.audit.options import AuditOptions
from app.audit.report import Report
from app.audit.state import State
from tests.audit.small_log import NOON, OPTIONS, Json, frame, gift, log

DAY: Final = NOON - 43_200_000
LATER: Final = NOON + 120_000
BUCKET: Final = NOON // 5_000
POSITION: Final = 8

Rows = dict[str, Any]
"""Plain values by changelog key."""

COMMIT: Final = "\x00commit"
TALLY: Final = "ttiktok:s s0"
FIELDS_OF_2: Final = {"e": 9, "t": 4}
"""Fields of a row in version 2, by tag; in version 1 they are more or fewer."""
TAGS_OF_CELLS: Final = "gfs"


def minute(start_ms: int) -> int:
    """Return the window id of a minute."""
    return start_ms * 4


HOUR_ID: Final = NOON * 4 + 1
DAY_ID: Final = DAY * 4 + 2
STREAM_ID: Final = NOON * 4 + 3


def small_log(*more: Json) -> Log:
    """Return eight records: a duplicate, a streak with a frame too many, one without sender, a bad one; and `more`."""
    return log(
        gift("1", region="DE", sender_name="Ana", channel_name="Chan", gift_name="Rose"),
        gift("2", NOON + 1_000, sender_id="bo", gift_id="lion", quantity=2),
        gift("2", NOON + 1_000, sender_id="bo", gift_id="lion", quantity=2),
        frame("3", 2, NOON + 2_000),
        gift("4", NOON + 3_000, sender_id=None, anonymous=True, gift_id="lion"),
        frame("5", 1, NOON + 3_000),
        gift("6", NOON + 3_000, quantity=0),
        gift("7", LATER),
        *more,
    )


def small_rows() -> Rows:
    """Return the rows after those eight records, at position 8, when the watermark is LATER."""
    stream, owner = "tiktok:s", "tiktok:s|coin"
    return {
        COMMIT: [2, POSITION, 7, b"12345678", POSITION, 2, "settings"],
        f"bcoin|1m|{NOON} {stream}": ["chan", "Chan", 30, 6, NOON + 3_000, NOON + 3_000, 4, 8, False, NOON],
        f"bcoin|1m|{LATER} {stream}": ["chan", None, 5, 1, LATER, LATER, 7, 0, False, LATER],
        f"bcoin|1h|{NOON} {stream}": ["chan", "Chan", 35, 7, LATER, LATER, 7, 0, False, NOON],
        f"bcoin|1d|{DAY} {stream}": ["chan", "Chan", 35, 7, LATER, LATER, 7, 0, False, NOON],
        f"bcoin|stream|0 {stream}": ["chan", "Chan", 35, 7, LATER, LATER, 7, 0, False, NOON],
        f"g{owner} ana": [
            [minute(NOON), "Ana", 15, 3, NOON + 2_000],
            [HOUR_ID, "Ana", 20, 4, LATER],
            [DAY_ID, "Ana", 20, 4, LATER],
            [STREAM_ID, "Ana", 20, 4, LATER],
            [minute(LATER), None, 5, 1, LATER],
            [-1, None, 0, 0, 0],
        ],
        f"g{owner} bo": [[id, None, 10, 2, NOON + 1_000] for id in (minute(NOON), HOUR_ID, DAY_ID, STREAM_ID)],
        f"f{owner} rose": [
            [minute(LATER), None, 5, 1],
            [minute(NOON), "Rose", 15, 3],
            [HOUR_ID, "Rose", 20, 4],
            [DAY_ID, "Rose", 20, 4],
            [STREAM_ID, "Rose", 20, 4],
        ],
        f"f{owner} lion": [[id, None, 15, 3] for id in (minute(NOON), HOUR_ID, DAY_ID, STREAM_ID)],
        f"s{owner} DE": [[id, "chan", "Chan", 5, 1, NOON] for id in (minute(NOON), HOUR_ID, DAY_ID)],
        f"cglobal|coin|1m|{NOON} ": [30, 6, 4, False],
        f"cglobal|coin|1m|{LATER} ": [5, 1, 7, False],
        f"cglobal|coin|1h|{NOON} ": [35, 7, 7, False],
        f"cglobal|coin|1d|{DAY} ": [35, 7, 7, False],
        f"cregion:DE|coin|1m|{NOON} ": [5, 1, 0, False],
        f"cregion:DE|coin|1h|{NOON} ": [5, 1, 0, False],
        f"cregion:DE|coin|1d|{DAY} ": [5, 1, 0, False],
        "i0 ": [
            *(stream, "tiktok:1", NOON),
            *(stream, "tiktok:2", NOON + 1_000),
            *(stream, "tiktok:3", NOON + 2_000),
            *(stream, "tiktok:4", NOON + 3_000),
            *(stream, "tiktok:5", NOON + 3_000),
            *(stream, "tiktok:7", LATER),
        ],
        f"k{stream} ana||rose|k1": [2, 10, NOON + 3_000],
        f"e{stream} ": [
            *(BUCKET, BUCKET + 24, BUCKET + 24),
            *(BUCKET + 12, 0.25, 0.25, 3, 0),
            None,
        ],
        TALLY: [1, {"coin": 5}, {"ana": 1}, BUCKET + 24],
        "otiktok:s|spike|1 ": [3, b"on its way"],
        "pp ": [POSITION, LATER, 5, 1, 1, 1, 0, 0, 0, []],
    }


def state_of(rows: Mapping[str, Any]) -> State:
    """Return the state of a changelog that holds the rows; None is a tombstone."""
    return State.of((key.encode(), None if row is None else written(key, row)) for key, row in rows.items())


def written(key: str, row: Any) -> bytes:
    """Return a row's value, in the version that has so many fields; with windows alone among its cells in version 2."""
    has_windows = key[0] in TAGS_OF_CELLS and any(isinstance(cell, int) for cell in row)
    head = b"\xc1\x02" if has_windows or len(row) == FIELDS_OF_2.get(key[0]) else b""
    return head + encode(row)


def audited(rows: Mapping[str, Any], source: Log | None = None, options: AuditOptions = OPTIONS) -> Report:
    """Compare the rows with the recount of a log, of the small one unless told otherwise. No boards are looked at."""
    logs = {0: source or small_log(), 1: log()}
    return compare(logs, {}, {}, options, {0: state_of(rows), 1: State()})


def found(report: Report) -> list[tuple[str, str]]:
    """Return kind and key of each finding."""
    return [(finding.kind, finding.key) for finding in report.findings]
