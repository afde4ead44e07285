"""How large a run is said to be: not less than it is, or it might not fit; not much more, or runs would be short."""

from functools import partial
from typing import Any

import pytest

from agents.domain.fold import GiftFold
from agents.domain.rules import DAY_MS, HOUR_MS, MINUTE_MS, Rules
from app.engine.changelog import changed_rows
from app.engine.rows import Pressure
from app.load.options import LoadOptions
from app.load.simulation import Simulation
from app.pipeline import new_tables
from tests.builders import AT, SimpleRecord, gift, record

RECORD_BYTES = 12
"""What surrounds key and value of a record in a batch, at least."""


def sizes(records: list[SimpleRecord], before: list[SimpleRecord] | None = None) -> tuple[int, int]:
    """Return the estimated size of what these records change, and the true one; those `before` were of another run."""
    pressure = Pressure()
    tables, families = new_tables(pressure)
    fold = GiftFold(Rules(partitioner="any"), 0, tables)
    if before is not None:
        for one in before:
            fold.fold(one)
        fold.published(fold.cut(0, False, 0))
        changed_rows(families.values())
        pressure.bytes = 0
    for one in records:
        fold.fold(one)
    fold.cut(0, False, 0)
    rows = changed_rows(families.values())
    return pressure.bytes, sum(RECORD_BYTES + len(key) + len(value or b"") for key, value in rows)


def test_of_simulated_gifts() -> None:
    options = LoadOptions(rate=500, streams=100, gifters=2_000, seconds=20, seed=1)
    sent = [SimpleRecord(at, one.at_ms, one.key, one.value) for at, one in enumerate(Simulation(options))]
    estimated, true = sizes(sent)
    assert true <= estimated <= 2 * true


@pytest.mark.parametrize("name", ["x" * 200, "\u5b57" * 200, "\U0001f981" * 200])
def test_of_the_longest_names(name: str) -> None:
    named = partial(gift, sender_name=name, channel_name=name, gift_name=name, region="DE")
    sent = [record(at, named(sender=f"{at:020}")) for at in range(500)]
    estimated, true = sizes(sent)
    assert true <= estimated <= 2 * true


@pytest.mark.parametrize("id_chars", [20, 128])
def test_of_spikes_that_begin_in_rows_that_have_changed_already(id_chars: int) -> None:
    def given(sender: int, second: int) -> list[dict[str, Any]]:
        senders = f"{sender:0{id_chars}}"
        return [gift(stream=f"tiktok:{at}", sender=senders, at=AT + 1_000 * second) for at in range(50)]

    def records(seconds: range, each: int) -> list[SimpleRecord]:
        events = [one for second in seconds for one in given(second % each, second)]
        return [record(at, event) for at, event in enumerate(events)]

    estimated, true = sizes(records(range(240, 280), 40), records(range(0, 240, 60), 1))
    assert true <= estimated <= 3 * true


LONGEST = "\U0001f981" * 64


def gifts_of_many(**fields: Any) -> list[dict[str, Any]]:
    """Return a gift of each of 500 gifters."""
    return [gift(**{"sender": f"{at:020}", "region": "DE"} | fields) for at in range(500)]


@pytest.mark.parametrize("member", ["sender_name", "channel_name", "gift_name"])
@pytest.mark.parametrize("before", [None, "x", "x" * 64])
def test_of_names_that_grow_after_a_row_was_told(member: str, before: str | None) -> None:
    named: list[dict[str, Any]] = [{member: before}, {member: LONGEST}]
    sent = [gift(f"tiktok:{at}", f"{at:020}", region="DE", **one) for one in named for at in range(500)]
    estimated, true = sizes([record(at, one) for at, one in enumerate(sent)])
    assert true <= estimated <= 2 * true


def test_of_a_channel_id_that_grows() -> None:
    sent = [gift(stream=f"tiktok:{at}", region="DE", channel_id=name) for name in ("c", "c" * 128) for at in range(500)]
    estimated, true = sizes([record(at, one) for at, one in enumerate(sent)])
    assert true <= estimated <= 2 * true


def test_of_windows_that_turn_within_a_run() -> None:
    sent = [one for hour in range(3) for one in gifts_of_many(at=AT + hour * HOUR_MS, sender_name="x" * 64)]
    estimated, true = sizes([record(at, one) for at, one in enumerate(sent)])
    assert true <= estimated <= 3 * true


def test_of_late_gifts_that_part_the_cells_of_a_row() -> None:
    times = AT + 5 * MINUTE_MS, AT
    sent = [one for at in times for one in gifts_of_many(at=at, sender_name="x" * 64)]
    estimated, true = sizes([record(at, one) for at, one in enumerate(sent)])
    assert true <= estimated <= 3 * true


def test_of_names_that_were_longer_in_windows_of_before() -> None:
    before, sent = (
        [record(minute * 500 + at, one) for at, one in enumerate(gifts_of_many(at=AT + minute * MINUTE_MS, **names))]
        for minute, names in enumerate(({"sender_name": LONGEST}, {"sender_name": "x"}))
    )
    estimated, true = sizes(sent, before)
    assert true <= estimated <= 2 * true


def each_stream(begin: int, at_ms: int, **fields: Any) -> list[SimpleRecord]:
    """Return a gift to each of 500 streams, appended no earlier than a minute after AT."""
    sent = [gift(f"tiktok:{at}", region="DE", at=at_ms, **fields) for at in range(500)]
    return [record(begin + at, one, timestamp=max(at_ms, AT + MINUTE_MS)) for at, one in enumerate(sent)]


def test_of_a_name_that_the_stream_has_and_an_older_window_gets() -> None:
    names = {"sender_name": LONGEST, "channel_name": LONGEST, "gift_name": LONGEST}
    before = each_stream(0, AT) + each_stream(500, AT + MINUTE_MS, **names)
    estimated, true = sizes(each_stream(1_000, AT + 1) + each_stream(1_500, AT + 2, **names), before)
    assert true <= estimated <= 4 * true


def test_of_a_stream_that_begins_anew_while_its_older_boards_still_live() -> None:
    later = AT + 9 * DAY_MS
    sent = each_stream(500, later, gift_name=LONGEST) + each_stream(1_000, later + 1, gift_name=LONGEST)
    estimated, true = sizes(sent, each_stream(0, AT, gift_name=LONGEST))
    assert true <= estimated <= 3 * true
