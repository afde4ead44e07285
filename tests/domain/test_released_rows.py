"""Rows as released versions wrote them: read for ever, and what is written today is the newest of them.

Whoever changes a row finds this failing: leave what is here, raise the version of the family's kind, say in its `older`
what makes a row of the fields of before, and add a row of the new version.
"""

from typing import Any

import pytest
from msgspec.msgpack import encode

from agents.domain.tables import FAMILIES
from app.engine.row_form import HEAD
from app.engine.rows import Family

NO_GIFTER = [-1, None, 0, 0, 0]
"""Rows of cells always had a place for each window, or more."""

TALLY = [3, {"coin": 9}, {"gifter-1": 3}]

RELEASED: dict[str, dict[int, Any]] = {
    "totals": {1: ["channel-1", "Name", 90, 3, 1_000, 2_000, 7, 9, True, 500]},
    "gifters": {
        1: [NO_GIFTER, [4_001, "Name", 90, 3, 1_000], *([4_002, None, 0, 1, 1_000],) * 2, NO_GIFTER],
        2: [NO_GIFTER, [4_001, "Name", 90, 3, 1_000], 4_002, [4_003, None, 0, 1, 1_000], 4_000],
    },
    "gifts": {
        1: [[4_000, "Rose", 90, 3], *([4_001, None, 0, 1],) * 3],
        2: [[4_000, "Rose", 90, 3], 4_001, [4_002, None, 0, 1], 4_003],
    },
    "scopes": {1: [90, 3, 7, True]},
    "streams": {
        1: [[4_000, "channel-1", "Name", 90, 3, 1_000], *([4_001, "channel-1", None, 0, 1, 1_000],) * 3],
        2: [[4_000, "channel-1", "Name", 90, 3, 1_000], 4_001, 4_002, [3_996, "channel-1", None, 0, 1, 1_000], 3_992],
    },
    "seen": {1: ["tiktok:1", "tiktok:e1", 1_000, "tiktok:2", "tiktok:e2", 2_000]},
    "streaks": {1: [5, 25, 1_000]},
    "engagement": {
        1: [1, 30, 31, 32, 1.5, 2.5, 4, 1, {30: TALLY}, [20, 21, 12, TALLY, 5, 6.5, 0, None]],
        2: [1, 30, 31, 32, 1.5, 2.5, 4, 1, [20, 21, 12, TALLY, 5, 6.5, 0, None]],
    },
    "tallies": {1: TALLY, 2: [*TALLY, 30]},
    "outbox": {1: [7, b"{}"]},
    "progress": {1: [8, 2_000, 5, 1, 1, 1, 2, 1, 1, [[3, 5, 0]]]},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_version_that_was_ever_released_is_read(name: str) -> None:
    kind = FAMILIES[name]
    family: Family[Any] = Family(kind.tag, kind.row_type, version=kind.version, older=kind.older)
    assert sorted(RELEASED[name]) == list(range(1, kind.version + 1))
    for version, fields in RELEASED[name].items():
        value = (b"" if version == 1 else bytes((HEAD, version))) + encode(fields)
        row = (family.form.first if version == 1 else family.form.later)(value)
        if version == kind.version:
            assert family.form.encode(row) == value
