"""What the Python contenders of the benchmark have in common, and the parts of them that need no broker."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from tests.bench.peers import faust_changelog
from tests.bench.peers.ceiling import Sums, count_gifters, count_totals
from tests.bench.peers.task import Task, minute_of, parse

ARGUMENTS = ["--broker", "127.0.0.1:9092", "--job", "gifters", "--source", "gifts"]
ARGUMENTS += ["--out", "rows", "--app-id", "bench", "--state", "/nowhere"]


def gift(stream: str, sender: str | None, value: int, quantity: int, at_ms: int) -> Any:
    """Return a consumer record of a gift, with fields that are not counted, too."""
    event = {
        "event_id": "tiktok:1",
        "stream_id": stream,
        "sender_id": sender,
        "unit_value": value,
        "quantity": quantity,
        "event_time_ms": at_ms,
        "phase": "single",
    }
    return SimpleNamespace(key=stream.encode(), value=orjson.dumps(event))


GIFTS = [
    gift("tiktok:a", "u1", 5, 2, 60_000),
    gift("tiktok:a", "u1", 1, 1, 119_999),
    gift("tiktok:a", "u2", 7, 1, 120_000),
    gift("tiktok:b", None, 3, 4, 60_001),
]


def rows(whole: Sums, fresh: Sums) -> dict[str, Any]:
    return {key.decode(): orjson.loads(row) for key, row in whole.take(fresh)}


def test_a_contender_is_told_its_job_by_arguments() -> None:
    assert parse(ARGUMENTS) == Task("127.0.0.1:9092", "gifters", "gifts", "rows", "bench", Path("/nowhere"))


@pytest.mark.parametrize("without", range(0, len(ARGUMENTS), 2))
def test_an_argument_that_is_missing_is_a_usage_error(without: int) -> None:
    arguments: Sequence[str] = ARGUMENTS[:without] + ARGUMENTS[without + 2 :]
    with pytest.raises(SystemExit, match="2"):
        parse(arguments)


def test_a_minute_begins_where_it_is_whole() -> None:
    assert [minute_of(at) for at in (0, 59_999, 60_000, 119_999)] == [0, 0, 60_000, 60_000]


def test_the_ceiling_counts_totals_by_stream_and_minute() -> None:
    fresh = Sums()
    count_totals(GIFTS, fresh)
    assert rows(Sums(), fresh) == {
        "tiktok:a|60000": {"value": 11, "sends": 3},
        "tiktok:a|120000": {"value": 7, "sends": 1},
        "tiktok:b|60000": {"value": 12, "sends": 4},
    }


def test_the_ceiling_counts_gifters_beside_the_totals_and_leaves_out_the_anonymous() -> None:
    totals, both = Sums(), Sums()
    count_totals(GIFTS, totals)
    count_gifters(GIFTS, both)
    senders = {"tiktok:a|u1": {"value": 11}, "tiktok:a|u2": {"value": 7}}
    assert rows(Sums(), both) == rows(Sums(), totals) | senders


def test_the_ceiling_publishes_only_what_has_changed_and_in_full() -> None:
    whole, first, second = Sums(), Sums(), Sums()
    count_gifters(GIFTS, first)
    rows(whole, first)
    count_gifters([gift("tiktok:a", "u1", 10, 1, 60_000)], second)
    assert rows(whole, second) == {"tiktok:a|60000": {"value": 21, "sends": 4}, "tiktok:a|u1": {"value": 21}}


def test_the_changelog_for_faust_has_as_many_keys_as_rows_in_its_json() -> None:
    made = {orjson.loads(key): orjson.loads(value) for key, value in faust_changelog.rows(1_000)}
    assert len(made) == 1_000
    assert {key.count("|") for key in made} == {1}
    assert all(isinstance(value, int) for value in made.values())
