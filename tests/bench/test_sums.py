"""The machine of giftstream's engine for the plain jobs: the same rows as the ceiling's, each once a cut."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from app.engine.changelog import RowLoader, changed_rows
from app.engine.rows import Pressure, Row
from tests.bench.peers import ceiling
from tests.bench.peers.sums import Sums
from tests.bench.peers.task import Task
from tests.bench.test_peers import GIFTS, gift


def machine(job: str = "gifters") -> Sums:
    return Sums(0, Pressure(), Task("", job, "", "out", "bench", Path()))


def fold(sums: Sums, gifts: Sequence[Any], begin: int = 0) -> None:
    for offset, one in enumerate(gifts, begin):
        one.offset = offset
        assert sums.fold(one) is None


def cut(sums: Sums, changelog: list[Row] | None = None) -> dict[str, Any]:
    """End a run; `changelog` takes what it writes."""
    outputs, word, token = sums.cut(0, False, False)
    assert word is None
    rows = changed_rows(sums.families)
    if changelog is not None:
        changelog.extend(rows)
    sums.published(token)
    assert {output.topic for output in outputs} <= {"out"}
    return {(output.key or b"").decode(): orjson.loads(output.value or b"") for output in outputs}


def of_the_ceiling(job: str) -> dict[str, Any]:
    fresh = ceiling.Sums()
    (ceiling.count_gifters if job == "gifters" else ceiling.count_totals)(GIFTS, fresh)
    return {key.decode(): orjson.loads(row) for key, row in ceiling.Sums().take(fresh)}


def test_the_rows_are_those_of_the_ceiling() -> None:
    for job in ("totals", "gifters"):
        sums = machine(job)
        fold(sums, GIFTS)
        assert cut(sums) == of_the_ceiling(job)


def test_a_cut_holds_what_has_changed_and_in_full() -> None:
    sums = machine()
    fold(sums, GIFTS)
    cut(sums)
    fold(sums, [gift("tiktok:a", "u1", 10, 1, 60_000)], len(GIFTS))
    assert cut(sums) == {"tiktok:a|60000": {"value": 21, "sends": 4}, "tiktok:a|u1": {"value": 21}}
    assert cut(sums) == {}


def test_gifts_of_a_stream_may_come_in_any_order_of_their_minutes() -> None:
    sums = machine()
    fold(sums, [gift("tiktok:a", None, 1, 1, at) for at in (60_000, 120_000, 60_001, 120_001)])
    twice = {"value": 2, "sends": 2}
    assert cut(sums) == {"tiktok:a|60000": twice, "tiktok:a|120000": twice}


def test_who_takes_over_goes_on_with_the_rows_and_publishes_what_is_not_known_to_be() -> None:
    before, after = machine(), machine()
    rows: list[Row] = []
    fold(before, GIFTS[:3])
    published = cut(before, rows)
    fold(before, GIFTS[3:], 3)
    unpublished = cut(before, rows)
    RowLoader(after.families).load(rows)
    after.restore(3)
    assert after.mark() == 3
    assert cut(after) == unpublished
    fold(after, GIFTS[:1], 4)
    assert cut(after)["tiktok:a|u1"]["value"] == published["tiktok:a|u1"]["value"] + 10
