"""Published boards against a small log whose boards were written down by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from app.audit.compare import Log, compare
from app.audit.options import AuditOptions, BoardKind
from app.audit.report import Finding, Report
from tests.audit.small_log import NOON, OPTIONS, Json, Publisher, Topics, frame, gift, log, record

TOTALS, GIFTERS, STREAMS = "stream-totals.v1", "leaderboards.gifters.v1", "leaderboards.streams.v1"
MINUTE = {"name": "1m", "start_ms": NOON, "end_ms": NOON + 60_000}
S_MINUTE = f"tiktok:s|coin|1m|{NOON}"
GLOBAL_MINUTE = f"global|coin|1m|{NOON}"
KINDS: tuple[BoardKind, ...] = ("totals", "gifters", "streams")


def small_logs() -> dict[int, Log]:
    """Two streams: ana and bo give to s in partition 0, cy gives to t in partition 1."""
    return {
        0: log(
            gift("1", sender_name="Ana", channel_name="Chan", gift_name="Rose", region="DE"),
            gift("2", NOON + 1_000, sender_id="bo", gift_id="lion", quantity=2),
            gift("2", NOON + 1_000, sender_id="bo", gift_id="lion", quantity=2),
            frame("3", 2, NOON + 2_000),
            gift("4", NOON + 3_000, sender_id=None, anonymous=True, gift_id="lion"),
        ),
        1: log(gift("5", NOON + 500, sender_id="cy", stream_id="tiktok:t", channel_id="other", quantity=4)),
    }


COMMITTED = {0: 5, 1: 1}

BY_HAND: list[tuple[BoardKind, str, Json]] = [
    (
        "totals",
        S_MINUTE,
        {
            "stream_id": "tiktok:s",
            "channel_id": "chan",
            "channel_name": "Chan",
            "unit": "coin",
            "window": MINUTE,
            "value": 30,
            "sends": 6,
            "gifters": 2,
            "gifts": [
                {"gift_id": "lion", "name": None, "value": 15, "sends": 3},
                {"gift_id": "rose", "name": "Rose", "value": 15, "sends": 3},
            ],
            "other": {"gifts": 0, "value": 0, "sends": 0},
            "is_final": False,
            "position": {"topic": "gifts.v1", "offsets": {"0": 4}},
            "revision": 10,
        },
    ),
    (
        "gifters",
        S_MINUTE,
        {
            "board": "gifters",
            "stream_id": "tiktok:s",
            "unit": "coin",
            "window": MINUTE,
            "entries": [
                {
                    "rank": 1,
                    "place": 1,
                    "id": "ana",
                    "name": "Ana",
                    "value": 15,
                    "sends": 3,
                    "reached_ms": NOON + 2_000,
                },
                {"rank": 2, "place": 2, "id": "bo", "name": None, "value": 10, "sends": 2, "reached_ms": NOON + 1_000},
            ],
            "totals": {"value": 30, "sends": 6, "ranked": 2},
            "is_final": True,
            "position": {"topic": "gifts.v1", "offsets": {"0": 4}},
            "revision": 11,
        },
    ),
    (
        "streams",
        GLOBAL_MINUTE,
        {
            "board": "streams",
            "scope": "global",
            "unit": "coin",
            "window": MINUTE,
            "entries": [
                {
                    "rank": 1,
                    "place": 1,
                    "id": "tiktok:s",
                    "name": "Chan",
                    "value": 30,
                    "sends": 6,
                    "reached_ms": NOON + 3_000,
                    "channel_id": "chan",
                    "channel_name": "Chan",
                },
                {
                    "rank": 2,
                    "place": 2,
                    "id": "tiktok:t",
                    "name": None,
                    "value": 20,
                    "sends": 4,
                    "reached_ms": NOON + 500,
                    "channel_id": "other",
                    "channel_name": None,
                },
            ],
            "totals": {"value": 50, "sends": 10, "ranked": 2},
            "is_final": False,
            "position": {"topic": "gifts.v1", "offsets": {"0": 4, "1": 0}},
            "revision": 12,
        },
    ),
]


def right_topics() -> Topics:
    return Publisher().run(small_logs(), flush_after=[(0, 0), (0, 1), (0, 3)])


def audited(topics: Topics, committed: dict[int, int] = COMMITTED, logs: dict[int, Log] | None = None) -> Report:
    return compare(logs or small_logs(), topics.boards, committed, OPTIONS)


def only(report: Report) -> Finding:
    """Return the one finding of a report that has one, and fails for it."""
    assert report.drift == 1, report.findings
    assert report.exit_code() == 1
    return report.findings[0]


@pytest.mark.parametrize(("kind", "key", "body"), BY_HAND)
def test_boards_written_by_hand_are_right(kind: BoardKind, key: str, body: Json) -> None:
    topics = right_topics()
    topics.replace(kind, key, body)
    report = audited(topics)
    assert report.findings == []
    assert report.exit_code() == 0


@pytest.mark.parametrize(("kind", "key", "body"), BY_HAND)
def test_each_field_written_by_hand_matters(kind: BoardKind, key: str, body: Json) -> None:
    for name in body:
        topics = right_topics()
        topics.replace(kind, key, body | {name: "something else"})
        assert any(f.key == key for f in audited(topics).findings), name


def test_right_boards_are_all_checked_superseded_ones_too() -> None:
    topics = right_topics()
    report = audited(topics)
    assert report.is_exact
    published = {kind: sum(map(len, topics.boards[kind].values())) for kind in KINDS}
    assert {kind: board.checked for kind, board in report.boards.items()} == published
    assert published["totals"] == 4 * 4 + 4
    assert (report.records.counted, report.records.duplicates) == (5, 1)


def test_a_superseded_board_is_compared_at_its_own_position() -> None:
    topics = right_topics()
    topics.replace("totals", S_MINUTE, topics.body("totals", S_MINUTE, 1) | {"value": 16}, at=1)
    assert only(audited(topics)) == Finding("different", TOTALS, S_MINUTE, "value: expected 15, found 16 (at 0:1)")


@pytest.mark.parametrize(
    ("kind", "key", "alter", "detail"),
    [
        ("totals", S_MINUTE, lambda b: b["gifts"][0].update(sends=4), "gifts[0].sends: expected 3, found 4"),
        ("gifters", S_MINUTE, lambda b: b["entries"][1].update(rank=1), "entries[1].rank: expected 2, found 1"),
        ("gifters", S_MINUTE, lambda b: b["entries"].pop(), "entries (length): expected 2, found 1"),
        ("gifters", S_MINUTE, lambda b: b.update(revision=12), "revision: expected 10, found 12"),
        ("streams", GLOBAL_MINUTE, lambda b: b["totals"].update(value=51), "totals.value: expected 50, found 51"),
        ("streams", GLOBAL_MINUTE, lambda b: b["position"].update(topic="x"), 'position.topic: expected "gifts.v1"'),
        ("totals", S_MINUTE, lambda b: b.update(incomplete=["0:1-2"]), "incomplete: expected no such field"),
    ],
)
def test_a_wrong_board_is_named_with_its_field(
    kind: BoardKind, key: str, alter: Callable[[Json], Any], detail: str
) -> None:
    topics = right_topics()
    body = topics.body(kind, key)
    alter(body)
    topics.replace(kind, key, body)
    finding = only(audited(topics))
    assert (finding.kind, finding.key) == ("different", key)
    assert finding.detail.startswith(detail)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_board_is_found(kind: BoardKind) -> None:
    for key in list(right_topics().boards[kind]):
        topics = right_topics()
        del topics.boards[kind][key]
        finding = only(audited(topics))
        assert (finding.kind, finding.topic, finding.key) == ("missing", OPTIONS.topics.boards[kind], key)


@pytest.mark.parametrize("kind", KINDS)
def test_a_board_that_was_never_produced_is_extra(kind: BoardKind) -> None:
    topics = right_topics()
    key, like = ("global|bit|1m|0", GLOBAL_MINUTE) if kind == "streams" else ("tiktok:x|bit|1m|0", S_MINUTE)
    topics.publish(kind, key, topics.body(kind, like))
    finding = only(audited(topics))
    assert (finding.kind, finding.key) == ("extra", key)


@pytest.mark.parametrize("offset", [2, 99])
def test_a_position_that_did_not_change_the_board_is_extra(offset: int) -> None:
    topics = right_topics()
    body = topics.body("totals", S_MINUTE)
    body["position"]["offsets"]["0"] = offset
    topics.replace("totals", S_MINUTE, body | {"revision": 2 * (offset + 1)})
    assert {f.kind for f in audited(topics).findings} >= {"extra"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stale_board_is_found(kind: BoardKind) -> None:
    key = GLOBAL_MINUTE if kind == "streams" else S_MINUTE
    topics = right_topics()
    topics.boards[kind][key].pop()
    finding = only(audited(topics))
    assert (finding.kind, finding.key) == ("stale", key)
    assert finding.detail.startswith("position.offsets: expected {")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_committed_may_not_have_been_published_yet(kind: BoardKind) -> None:
    key = GLOBAL_MINUTE if kind == "streams" else S_MINUTE
    topics = right_topics()
    topics.boards[kind][key].pop()
    committed = {0: 5, 1: 0} if kind == "streams" else {0: 4, 1: 1}
    assert audited(topics, committed).is_exact


def test_what_was_published_beyond_the_committed_position_is_compared() -> None:
    topics = right_topics()
    topics.replace("totals", S_MINUTE, topics.body("totals", S_MINUTE) | {"sends": 7})
    assert only(audited(topics, {})).kind == "different"


def test_a_revision_must_not_fall() -> None:
    topics = right_topics()
    topics.boards["gifters"][S_MINUTE].reverse()
    fell = [f for f in audited(topics).findings if f.kind == "revision_fell"]
    assert {f.key for f in fell} == {S_MINUTE}
    assert fell[0].detail == "revision: 10 was followed by 8"


def test_a_board_may_be_published_twice() -> None:
    topics = right_topics()
    topics.publish("gifters", S_MINUTE, topics.body("gifters", S_MINUTE))
    assert audited(topics).is_exact


def test_a_board_belongs_to_the_partition_of_its_source() -> None:
    topics = right_topics()
    records = topics.boards["totals"][S_MINUTE]
    records[-1] = records[-1]._replace(partition=1)
    assert only(audited(topics)).detail == "record's partition: expected 0, found 1 (at 0:4)"


@pytest.mark.parametrize(
    "value", [b"nonsense", b"[]", b"{}", b'{"position": {"offsets": {}}}', b'{"position": {"offsets": {"x": 1}}}']
)
def test_a_value_without_a_position_is_different(value: bytes) -> None:
    topics = right_topics()
    records = topics.boards["totals"][S_MINUTE]
    records[-1] = records[-1]._replace(value=value)
    assert only(audited(topics)).kind == "different"


def test_a_key_that_is_no_board_key_is_different() -> None:
    topics = right_topics()
    topics.publish("totals", "tiktok:s", topics.body("totals", S_MINUTE))
    assert only(audited(topics)).detail == "key: expected owner|unit|window|start_ms, found tiktok:s"


def test_a_board_of_streams_may_lack_a_partition_that_has_nothing_due() -> None:
    topics = Publisher().run({0: small_logs()[0]})
    report = audited(topics, {0: 5})
    assert report.findings == []
    assert {f.kind for f in audited(topics, COMMITTED).findings} == {"missing", "stale"}


def test_nothing_to_check_is_a_failure() -> None:
    report = audited(Topics(), {})
    assert (report.drift, report.checked, report.exit_code()) == (0, 0, 1)
    assert report.verdict() == "nothing could be checked"


def with_watermark(offset: int, at: int) -> dict[int, Log]:
    """Return a log of one gift and then one on another stream, which moves the watermark."""
    return {0: Log(0, [record(0, gift("1")), record(offset, gift("2", at, stream_id="tiktok:w"))])}


@pytest.mark.parametrize(("after_end", "exact"), [(3_600_000, False), (3_600_001, True)])
def test_a_tombstone_is_right_only_after_retention(after_end: int, exact: bool) -> None:
    at = NOON + 60_000 + after_end
    topics = Publisher().run(with_watermark(1, at), flush_after=[(0, 0)])
    for kind, key in (("totals", S_MINUTE), ("gifters", S_MINUTE), ("streams", GLOBAL_MINUTE)):
        topics.publish(kind, key, None)  # type: ignore[arg-type]
    report = audited(topics, {0: 2}, with_watermark(1, at))
    assert report.is_exact is exact
    assert {f.kind for f in report.findings} == (set() if exact else {"missing"})


def with_a_partition_ahead(after_end: int) -> dict[int, Log]:
    """Return a gift in one partition, and one in another, so long after the end of the first one's minute."""
    ahead = gift("2", NOON + 60_000 + after_end, stream_id="tiktok:t")
    return {0: Log(0, [record(0, gift("1"))]), 1: Log(0, [record(0, ahead)])}


@pytest.mark.parametrize(("after_end", "over"), [(3_600_000, False), (3_600_001, True)])
def test_the_first_partition_past_the_retention_ends_a_board_of_streams(after_end: int, over: bool) -> None:
    logs = with_a_partition_ahead(after_end)
    topics = Publisher().run(logs)
    topics.publish("streams", GLOBAL_MINUTE, None)
    assert audited(topics, {0: 1, 1: 1}, logs).is_exact is over
    del topics.boards["streams"][GLOBAL_MINUTE]
    assert audited(topics, {0: 1, 1: 1}, logs).is_exact is over, "it may have been over before it was shown"


@pytest.mark.parametrize("kind", ["totals", "gifters"])
def test_no_other_partition_ends_the_boards_of_a_stream(kind: BoardKind) -> None:
    logs = with_a_partition_ahead(3_600_001)
    for gone in (False, True):
        topics = Publisher().run(logs)
        topics.publish(kind, S_MINUTE, None)
        if gone:
            del topics.boards[kind][S_MINUTE]
        assert only(audited(topics, {0: 1, 1: 1}, logs)).kind == "missing"


def test_a_board_of_streams_that_is_over_but_there_is_compared() -> None:
    logs = with_a_partition_ahead(3_600_001)
    topics = Publisher().run(logs)
    topics.replace("streams", GLOBAL_MINUTE, topics.body("streams", GLOBAL_MINUTE) | {"unit": "bit"})
    assert only(audited(topics, {0: 1, 1: 1}, logs)).kind == "different"


def test_top_n_and_ties() -> None:
    options = AuditOptions(partitions=2, partitioner="any", top_n=3)
    senders = [("bo", 1, 10), ("ana", 1, 10), ("cy", 2, 0), ("di", 1, 5)]
    logs = {0: log(*(gift(s, NOON + ms, sender_id=s, quantity=q) for s, q, ms in senders))}
    topics = Publisher(options).run(logs)
    entries = topics.body("gifters", S_MINUTE)["entries"]
    assert [(e["id"], e["rank"], e["place"]) for e in entries] == [("cy", 1, 1), ("di", 2, 2), ("ana", 2, 3)]
    assert compare(logs, topics.boards, {0: 4}, options).is_exact
    assert not compare(logs, topics.boards, {0: 4}, OPTIONS).is_exact


def test_gifts_behind_the_top_20_are_taken_together() -> None:
    logs = {0: log(*(gift(str(n), gift_id=f"g{n:02}", unit_value=n) for n in range(1, 24)))}
    totals = Publisher().run(logs).body("totals", S_MINUTE)
    assert [g["gift_id"] for g in totals["gifts"]] == [f"g{n:02}" for n in range(23, 3, -1)]
    assert totals["other"] == {"gifts": 3, "value": 6, "sends": 3}
