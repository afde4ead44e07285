"""The recount by which every contender is judged."""

import json

from tests.bench.job_product import by_stream
from tests.bench.recount import difference, recount, row

MINUTE_MS = 1_750_000_020_000


def gift(event: str, sender: str | None, coins: int, quantity: int = 1, at_ms: int = MINUTE_MS) -> bytes:
    members = {"event_id": event, "stream_id": "t:1", "sender_id": sender, "unit_value": coins, "quantity": quantity}
    return json.dumps(members | {"event_time_ms": at_ms, "gift_name": "more"}).encode()


def test_totals_are_by_stream_and_minute() -> None:
    values = [
        gift("a", "u1", 5, 2, MINUTE_MS + 59_999),
        gift("b", "u2", 1),
        gift("c", "u2", 3, at_ms=MINUTE_MS + 60_000),
    ]
    assert recount(values, "totals") == {b"t:1|1750000020000": (11, 3), b"t:1|1750000080000": (3, 1)}


def test_gifters_are_added_and_the_anonymous_are_none() -> None:
    values = [gift("a", "u1", 5), gift("b", "u1", 1), gift("c", None, 3)]
    assert recount(values, "gifters") == {b"t:1|1750000020000": (9, 3), b"t:1|u1": (6, 0)}


def test_a_duplicate_counts_unless_it_is_refused() -> None:
    values = [gift("a", "u1", 5), gift("a", "u1", 5)]
    assert recount(values, "gifters")[b"t:1|u1"] == (10, 0)
    assert recount(values, "gifters-dedup")[b"t:1|u1"] == (5, 0)


def test_an_id_is_refused_for_ten_minutes_of_event_time() -> None:
    values = [
        gift("a", "u1", 5),
        gift("a", "u1", 5, at_ms=MINUTE_MS + 600_000),
        gift("a", "u1", 5, at_ms=MINUTE_MS + 600_001),
    ]
    assert recount(values, "gifters-dedup")[b"t:1|u1"] == (10, 0)


def test_a_row_of_a_gifter_has_no_sends_whatever_it_says() -> None:
    assert row(b"t:1|u1", b'{"value": 5, "sends": 2}') == (5, 0)
    assert row(b"t:1|1750000020000", b'{"sends":2,"value":5}') == (5, 2)


def test_a_difference_is_named_with_an_example() -> None:
    right = {b"t:1|u1": (5, 0), b"t:1|u2": (1, 0)}
    assert difference(right, dict(right)) == ""
    said = difference(right, {b"t:1|u1": (6, 0)})
    assert said == "of 2 rows 1 missing, 1 wrong, 0 not to be: t:1|u1 is (6, 0), not (5, 0)"


def test_minutes_add_up_by_stream() -> None:
    assert by_stream({b"t:1|60000": (1, 2), b"t:1|120000": (3, 4), b"t:1|u1": (9, 0)}) == {"t:1": (4, 6)}
