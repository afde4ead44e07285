"""What made one board, record by record, as a small log written by hand has it."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from app.audit.admission import SourceRecord
from app.audit.board_key import KeyProblem, kind_of, read_board_key
from app.audit.calendar import Calendar
from app.audit.compare import Log
from app.audit.explain import Conclusion, Explanation
from app.audit.explain_view import SHOWN, ExplanationView
from app.audit.step import Step
from app.audit.told import Sum, read_told
from tests.audit.small_log import NOON, OPTIONS, Publisher, Topics, frame, gift, log, record

MINUTE, HOUR, STREAM = f"tiktok:s|coin|1m|{NOON}", f"tiktok:s|coin|1h|{NOON}", "tiktok:s|coin|stream|0"
DAYS = 86_400_000


def small_logs() -> dict[int, Log]:
    """Return a gift of each fate to s in partition 0, and a gift to t in partition 1."""
    return {
        0: log(
            gift("1", region="DE"),
            gift("2", NOON + 1_000, sender_id="bo", gift_id="lion", quantity=2),
            gift("2", NOON + 1_000, sender_id="bo", gift_id="lion", quantity=2),
            frame("3", 2, NOON + 2_000),
            frame("4", 1, NOON + 3_000),
            gift("5", NOON + 3_000, quantity=0),
            gift("6", NOON + 4_000, sender_id=None, anonymous=True),
            gift("7", NOON + 90_000, value_unit="bit"),
            gift("8", NOON + 5_000),
            gift("9", NOON - 600_001),
        ),
        1: log(gift("1", NOON + 500, sender_id="cy", stream_id="tiktok:t", region="DE")),
    }


def explained(
    key: str, member: str | None = None, logs: Mapping[int, Log] | None = None, topics: Topics | None = None
) -> tuple[list[Step], Conclusion]:
    logs = logs or small_logs()
    board = read_board_key(key, Calendar("UTC"))
    kind = kind_of(board, member)
    records = (topics or Publisher().run(logs)).boards[kind].get(key, [])
    newest = records[-1] if records else None
    told = read_told(kind, key, member, newest, OPTIONS.topics.source, OPTIONS.top_n)
    explanation, steps = Explanation(board, member, told, OPTIONS), []
    for partition, each in logs.items():
        explanation.open(partition, each.start)
        steps += [step for record in each.records if (step := explanation.feed(record))]
        explanation.close()
    return steps, explanation.conclude()


def shown(steps: list[Step]) -> list[tuple[Any, ...]]:
    return [(step.offset, step.became, step.value, step.total_value, step.why) for step in steps]


def test_each_record_of_a_board_is_explained_in_log_order() -> None:
    steps, conclusion = explained(MINUTE)
    assert shown(steps) == [
        (0, "counted", 5, 5, ""),
        (1, "counted", 10, 15, ""),
        (2, "duplicate", 0, 15, "duplicate of offset 1, first seen at 2023-11-15T12:00:01.000Z"),
        (3, "counted", 10, 25, "streak k1 has come to 2 gifts of value 10"),
        (4, "unchanged", 0, 25, "streak k1 had already come to 2 gifts of value 10"),
        (5, "dead_letter", 0, 25, "out_of_range"),
        (6, "counted", 5, 30, ""),
        (
            8,
            "late",
            0,
            30,
            "late: the watermark had come to 2023-11-15T12:01:30.000Z; it is on the boards of the longer windows",
        ),
    ]
    assert (conclusion.verdict, conclusion.total, conclusion.published) == ("equal", Sum(6, 30), Sum(6, 30))
    assert (conclusion.records, conclusion.position, conclusion.exit_code()) == (8, {0: 6}, 0)


def test_a_late_gift_counts_in_longer_windows_and_one_that_is_too_old_in_none() -> None:
    steps, conclusion = explained(STREAM)
    assert shown(steps)[-2:] == [
        (8, "counted", 5, 35, "late: not on its 1m board"),
        (9, "dead_letter", 0, 35, "too_old: 690 s behind the watermark, and the horizon is 600 s"),
    ]
    assert conclusion.verdict == "equal"


def test_a_step_says_who_gave_what_and_when() -> None:
    step = explained(MINUTE)[0][1]
    assert (step.partition, step.event_time_ms, step.event_id) == (0, NOON + 1_000, "tiktok:2")
    assert (step.sender_id, step.gift_id, step.sends, step.total_sends) == ("bo", "lion", 2, 3)


def test_one_gifter() -> None:
    steps, conclusion = explained(HOUR, "ana")
    assert [step.offset for step in steps] == [0, 3, 4, 5, 8]
    assert (conclusion.verdict, conclusion.published, conclusion.note) == ("equal", Sum(4, 20), "place 1")


def test_a_scope_is_summed_up_over_partitions() -> None:
    steps, conclusion = explained(f"region:DE|coin|1h|{NOON}")
    assert [(step.partition, step.offset, step.total_value) for step in steps] == [(0, 0, 5), (1, 0, 10)]
    assert (conclusion.verdict, conclusion.at_position) == ("equal", Sum(2, 10))


def test_one_stream_of_a_scope() -> None:
    steps, conclusion = explained(f"global|coin|1h|{NOON}", "tiktok:t")
    assert [(step.partition, step.offset) for step in steps] == [(1, 0)]
    assert (conclusion.verdict, conclusion.published) == ("equal", Sum(1, 5))


def test_what_is_published_is_compared_at_its_own_position() -> None:
    logs = small_logs()
    topics = Publisher().run({0: Log(0, list(logs[0].records)[:4])})
    _, conclusion = explained(MINUTE, topics=topics)
    assert (conclusion.verdict, conclusion.position) == ("equal", {0: 3})
    assert (conclusion.at_position, conclusion.total) == (Sum(5, 25), Sum(6, 30))


@pytest.mark.parametrize("member", [None, "ana"])
def test_a_wrong_board_is_different(member: str | None) -> None:
    topics = Publisher().run(small_logs())
    topics.replace("totals", MINUTE, topics.body("totals", MINUTE) | {"value": 31})
    body = topics.body("gifters", MINUTE)
    body["entries"][0]["value"] = 16
    topics.replace("gifters", MINUTE, body)
    conclusion = explained(MINUTE, member, topics=topics)[1]
    assert (conclusion.verdict, conclusion.exit_code()) == ("different", 1)


def test_who_is_not_among_the_entries_has_no_more_than_the_last_of_a_full_board() -> None:
    events = [gift(str(n), sender_id=f"u{n}", quantity=n + 1) for n in range(12)]
    assert explained(STREAM, "u0", {0: log(*events)})[1].verdict == "equal"
    topics = Publisher().run({0: log(*events)})
    body = topics.body("gifters", STREAM)
    del body["entries"][3]
    topics.replace("gifters", STREAM, body)
    assert explained(STREAM, "u8", {0: log(*events)}, topics)[1].verdict == "different"


@pytest.mark.parametrize("tombstone", [False, True])
def test_a_board_that_is_not_published_cannot_be_compared(tombstone: bool) -> None:
    topics = Topics()
    if tombstone:
        topics.publish("totals", MINUTE, None)
    conclusion = explained(MINUTE, topics=topics)[1]
    assert (conclusion.verdict, conclusion.total, conclusion.exit_code()) == ("not published", Sum(6, 30), 1)
    assert ("tombstone" in conclusion.note) is tombstone


def test_a_board_that_rests_on_lost_records_is_unverifiable() -> None:
    kept = {0: Log(1, list(small_logs()[0].records)[1:])}
    assert explained(MINUTE, logs=kept)[1].verdict == "unverifiable"


def test_a_broadcast_that_begins_anew_says_so() -> None:
    later = NOON + 9 * DAYS
    steps, conclusion = explained(
        STREAM, logs={0: log(gift("1"), gift("w", later, value_unit="bit"), gift("2", later))}
    )
    assert steps[-1].why == "the board begins anew: its retention was over, at a value of 5"
    assert (conclusion.total, conclusion.verdict) == (Sum(1, 5), "equal")


UNREADABLE = [
    SourceRecord(1, NOON + 9, b"tiktok:s", b"nonsense"),
    SourceRecord(2, NOON + 9, b"tiktok:s", None),
    record(3, gift("3", NOON // 1_000), timestamp=NOON + 9),
    record(4, gift("4"))._replace(key=b"tiktok:other"),
    record(5, gift("5", channel_id=7)),
]


def test_refused_records_are_shown_where_nothing_speaks_against_it() -> None:
    logs = {0: Log(0, [record(0, gift("1")), *UNREADABLE])}
    steps, _ = explained(MINUTE, logs=logs)
    assert [step.why for step in steps[1:]] == ["not_json", "null_value", "bad_time", "key_mismatch", "bad_type"]
    assert [step.event_id for step in steps[1:4]] == [None, None, "tiktok:3"]
    assert len(explained(MINUTE, "ana", logs)[0]) == 6
    others = [gift("6", value_unit="bit", quantity=0), gift("7", NOON + 60_000, quantity=0)]
    assert len(explained(MINUTE, "ana", {0: log(gift("1"), *others, gift("8", sender_id="bo", quantity=0))})[0]) == 1


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("tiktok:s", "is no key of a board. Expected OWNER|UNIT|WINDOW|START_MS, such as tiktok:7301|coin"),
        ("tiktok:s|coin|1h|noon", "is no key of a board"),
        ("s|coin|1h|0", "'s' is neither a stream, which begins with its platform and a colon, nor a scope"),
        ("tiktok:s|coin|2h|0", "'2h' is no window. Expected 1m, 1h, 1d or stream"),
        (f"tiktok:s|coin|1h|{NOON + 1}", f"starts at {NOON + 1}; the one around it starts at {NOON}"),
        ("tiktok:s|coin|1h|99999999999999999", "is no time in ms since 1970"),
        ("tiktok:s|coin|stream|1", "starts at 0, not at 1: tiktok:s|coin|stream|0"),
        ("global|coin|stream|0", "global has no board of the window stream"),
        ("tiktok:z|coin|stream|0", "no gift for tiktok:z among the 7 that were counted; there are tiktok:"),
        ("tiktok:s|kick|stream|0", "the newest boards of tiktok:s are tiktok:s|bit|stream|0, tiktok:s|coin|1m"),
        (f"region:FR|coin|1h|{NOON}", "there are region:DE"),
    ],
)
def test_a_key_that_is_none_is_refused_with_what_there_is(key: str, words: str) -> None:
    with pytest.raises(KeyProblem) as refused:
        explained(key)
    assert words in str(refused.value)


def test_a_member_that_gave_nothing_is_refused_with_those_who_did() -> None:
    logs = {0: log(gift("1"), gift("2", sender_id="bo"))}
    with pytest.raises(KeyProblem, match=r"anna has nothing on tiktok:s\|coin\|stream\|0; there are ana"):
        explained(STREAM, "anna", logs)


def test_nothing_counted_at_all_is_said() -> None:
    with pytest.raises(KeyProblem, match="no gift was counted at all"):
        explained(MINUTE, logs={0: log()})


def rendered(steps: list[Step], conclusion: Conclusion) -> str:
    view, out = ExplanationView(), StringIO()
    for step in steps:
        view.add(step)
    Console(file=out, width=200).print(view.render(conclusion))
    return out.getvalue()


def test_the_table_reads_from_the_first_record_to_the_verdict() -> None:
    text = rendered(*explained(MINUTE))
    assert "0:1    │ 2023-11-15T12:00:01.000Z │ bo     │ lion │ counted +2 +10" in text
    assert "duplicate of offset 1, first seen at 2023-11-15T12:00:01.000Z" in text
    assert "dead letter: out_of_range" in text
    assert "30 in 6 gifts" in text
    assert text.rstrip().endswith("equal: at 0:6 recounted 30 in 6 gifts, published 30 in 6 gifts")


def test_a_long_table_is_cut_and_says_so() -> None:
    steps, conclusion = explained(MINUTE)
    assert f"{len(steps) * 100 - SHOWN:,} older records are left out; --json gives all" in rendered(
        steps * 100, conclusion
    )
