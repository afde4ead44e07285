from typing import Any

import pytest

from agents.domain.fold import GiftFold
from agents.domain.reject import Rejected
from agents.domain.rules import DAY_MS, HOUR_MS, MINUTE_MS, Rules
from schemas.board import BoardTotals, Entry, GiftTotal, OtherGifts, Position, Window
from schemas.partial import Ledger, PartialEntry
from tests.builders import AT, STREAM, gift
from tests.domain.harness import RULES, Partition

MINUTE = f"{STREAM}|coin|1m|{AT}"
HOUR = f"{STREAM}|coin|1h|{AT}"
DAY = f"{STREAM}|coin|1d|{AT - AT % DAY_MS}"
WHOLE = f"{STREAM}|coin|stream|0"
GLOBAL = f"global|coin|1m|{AT}"


@pytest.fixture
def partition() -> Partition:
    return Partition()


def reason(outcome: object) -> str:
    assert isinstance(outcome, Rejected)
    return outcome.reason


class TestBoards:
    def test_a_gift_is_on_the_board_of_each_window(self, partition: Partition) -> None:
        assert partition.feed(gift(value=5, quantity=2, sender_name="Ann", gift_name="Rose")) == ["counted"]
        partition.flush()
        for key, window in {
            MINUTE: Window("1m", AT, AT + MINUTE_MS),
            HOUR: Window("1h", AT, AT + HOUR_MS),
            WHOLE: Window("stream", 0, None),
        }.items():
            totals, gifters = partition.totals(key), partition.gifters(key)
            assert (totals.window, totals.value, totals.sends, totals.gifters) == (window, 10, 2, 1)
            assert totals.gifts == [GiftTotal("rose", "Rose", 10, 2)]
            assert totals.other == OtherGifts(0, 0, 0)
            assert gifters.entries == [Entry(1, 1, "u1", "Ann", 10, 2, AT)]
            assert gifters.totals == BoardTotals(10, 2, 1)
            assert gifters.position == totals.position == Position("gifts.v1", {"0": 0})
            assert (gifters.revision, gifters.is_final) == (totals.revision, totals.is_final) == (2, False)

    def test_units_are_never_added_together(self, partition: Partition) -> None:
        partition.feed(gift(value=5), gift(value=7, value_unit="minor:EUR"))
        partition.flush()
        assert partition.totals(WHOLE).value == 5
        assert partition.totals(f"{STREAM}|minor:EUR|stream|0").value == 7

    def test_anonymous_gifts_count_and_are_not_ranked(self, partition: Partition) -> None:
        partition.feed(gift(sender=None, value=5))
        partition.flush()
        assert partition.totals(WHOLE).value == 5
        assert partition.gifters(WHOLE).entries == []
        assert partition.gifters(WHOLE).totals == BoardTotals(5, 1, 0)

    def test_unpaid_gifts_count_as_sends_of_value_nothing(self, partition: Partition) -> None:
        partition.feed(gift(value=5, paid=False, total_value=50))
        partition.flush()
        assert partition.gifters(WHOLE).entries == [Entry(1, 1, "u1", None, 0, 1, AT)]

    def test_a_total_value_counts_instead_of_the_product(self, partition: Partition) -> None:
        partition.feed(gift(value=5, quantity=3, total_value=12))
        partition.flush()
        assert partition.totals(WHOLE).value == 12

    def test_reached_is_the_event_time_of_the_gift_that_made_the_value(self, partition: Partition) -> None:
        partition.feed(
            gift(value=5, at=AT + 10), gift(value=5, at=AT + 5), gift(value=5, at=AT + 90, paid=False), at=AT + 100
        )
        partition.flush()
        assert partition.gifters(WHOLE).entries == [Entry(1, 1, "u1", None, 10, 3, AT + 5)]

    def test_names_are_the_latest_that_were_given_cut_to_64_characters(self, partition: Partition) -> None:
        names: dict[str, Any] = {"sender_name": "ä" * 65, "channel_name": "B" * 65, "gift_name": "C" * 65}
        partition.feed(gift(sender_name="old"), gift(**names), gift())
        partition.flush()
        assert partition.gifters(WHOLE).entries[0].name == "ä" * 64
        assert partition.totals(WHOLE).channel_name == "B" * 64
        assert partition.totals(WHOLE).gifts[0].name == "C" * 64

    def test_gifts_beyond_the_first_twenty_are_summed(self, partition: Partition) -> None:
        partition.feed(*(gift(gift_id=f"g{n:02}", value=n, quantity=2) for n in range(1, 24)))
        partition.flush()
        totals = partition.totals(WHOLE)
        assert [entry.gift_id for entry in totals.gifts] == [f"g{n:02}" for n in range(23, 3, -1)]
        assert totals.other == OtherGifts(gifts=3, value=2 * (1 + 2 + 3), sends=6)

    def test_the_first_n_are_shown_and_all_are_counted(self) -> None:
        partition = Partition(Rules(partitions=1, partitioner="any", top_n=2))
        partition.feed(*(gift(sender=f"u{n}", value=n) for n in (1, 3, 3, 2, 9)))
        partition.flush()
        board = partition.gifters(WHOLE)
        assert [(e.rank, e.place, e.id, e.value) for e in board.entries] == [(1, 1, "u9", 9), (2, 2, "u3", 6)]
        assert board.totals.ranked == 4

    def test_streams_are_ranked_by_scope(self, partition: Partition) -> None:
        partition.feed(
            gift(value=5, region="DE", channel_name="One"),
            gift(value=9, stream="tiktok:s2", channel_id="c2"),
            gift(value=1, region="FR"),
        )
        partition.flush()
        everywhere = partition.partial(GLOBAL)
        assert everywhere.entries == [
            PartialEntry("tiktok:s2", None, 9, 1, AT, "c2"),
            PartialEntry(STREAM, "One", 6, 2, AT, "c1"),
        ]
        assert (everywhere.value, everywhere.sends, everywhere.ranked, everywhere.offset) == (15, 3, 2, 2)
        assert partition.partial(f"region:DE|coin|1m|{AT}").entries == [PartialEntry(STREAM, "One", 5, 1, AT, "c1")]
        assert partition.partial(f"region:FR|coin|1m|{AT}").value == 1
        assert ("partials", "0|global|coin|stream|0") not in partition.published


class TestTime:
    def test_the_watermark_is_the_highest_event_or_append_time_whichever_is_earlier(self, partition: Partition) -> None:
        partition.feed(gift(at=AT + 100), at=AT + 50)
        assert partition.fold.watermark == AT + 50
        partition.feed(gift(at=AT + 10), at=AT + 90)
        assert partition.fold.watermark == AT + 50
        partition.feed(gift(at=AT + 70), at=AT + 90)
        assert partition.fold.watermark == AT + 70

    @pytest.mark.parametrize(("ahead", "outcome"), [(89_999, "counted"), (90_000, "late")])
    def test_a_gift_is_late_once_the_watermark_before_it_has_passed(
        self, partition: Partition, ahead: int, outcome: str
    ) -> None:
        assert partition.feed(gift(at=AT + ahead)) == ["counted"]
        assert partition.feed(gift(value=7, at=AT + 59_999), at=AT + ahead) == [outcome]
        partition.flush()
        assert (("totals", MINUTE) in partition.published) is (outcome == "counted")
        assert partition.totals(HOUR).sends == partition.totals(WHOLE).sends == 2
        assert partition.fold.ledger.late == (outcome == "late")

    def test_a_gift_is_not_late_by_its_own_event_time(self, partition: Partition) -> None:
        assert partition.feed(gift(at=AT), gift(at=AT + 10 * MINUTE_MS)) == ["counted", "counted"]

    @pytest.mark.parametrize(("behind", "counts"), [(600_000, True), (600_001, False)])
    def test_a_gift_older_than_the_horizon_is_refused(self, partition: Partition, behind: int, counts: bool) -> None:
        partition.feed(gift(at=AT))
        (outcome,) = partition.feed(gift(at=AT - behind), at=AT)
        assert outcome == "late" if counts else reason(outcome) == "too_old"

    def test_a_dead_letter_moves_the_ledger_and_the_position_only(self, partition: Partition) -> None:
        partition.feed(gift())
        watermark, before = partition.fold.watermark, partition.rows()
        partition.feed(b"not json", None, gift(at=AT - HOUR_MS), at=AT + HOUR_MS)
        after = partition.rows()
        assert partition.fold.watermark == watermark
        assert partition.fold.position == 4
        assert partition.fold.ledger == Ledger(counted=1, dead_lettered=3)
        assert {key for key in after if after[key] != before.get(key)} == {("p", "p", "")}

    def test_an_event_that_was_seen_changes_nothing_but_the_watermark(self, partition: Partition) -> None:
        event = gift(event_id="tiktok:e")
        assert partition.feed(event, event | {"event_time_ms": AT + 7}) == ["counted", "duplicate"]
        assert partition.feed(gift(event_id="tiktok:e", stream="tiktok:s2")) == ["counted"]
        partition.flush()
        assert partition.totals(WHOLE).sends == 1
        assert partition.fold.watermark == AT + 7

    def test_a_streak_frame_that_adds_nothing_is_unchanged(self, partition: Partition) -> None:
        frames: list[dict[str, Any]] = [gift(phase="streak_update", quantity=n) for n in (1, 3, 2)]
        outcomes = partition.feed(*frames, gift(phase="streak_end", quantity=3))
        assert outcomes == ["counted", "counted", "unchanged", "unchanged"]
        partition.flush()
        assert (partition.totals(WHOLE).sends, partition.totals(WHOLE).value) == (3, 15)
        assert partition.fold.ledger == Ledger(counted=2, unchanged=2)


class TestFinals:
    def test_a_minute_is_final_after_its_lateness(self, partition: Partition) -> None:
        partition.feed(gift(), gift(at=AT + 89_999, stream="tiktok:s2"))
        partition.flush()
        assert not partition.totals(MINUTE).is_final
        partition.feed(gift(at=AT + 90_000, stream="tiktok:s2"))
        partition.flush()
        assert partition.totals(MINUTE).is_final
        assert partition.totals(MINUTE).revision == partition.gifters(MINUTE).revision == 3
        assert partition.totals(MINUTE).position.offsets == {"0": 0}
        assert not partition.totals(HOUR).is_final

    def test_hours_and_days_are_final_after_the_horizon(self, partition: Partition) -> None:
        end = AT - AT % DAY_MS + DAY_MS
        partition.feed(gift(), gift(at=AT + HOUR_MS + 599_999, stream="tiktok:s2"))
        partition.flush()
        assert not partition.totals(HOUR).is_final
        partition.feed(gift(at=AT + HOUR_MS + 600_000, stream="tiktok:s2"))
        partition.flush()
        assert partition.totals(HOUR).is_final
        partition.feed(gift(at=end + 599_999, stream="tiktok:s2"))
        partition.flush()
        assert not partition.totals(DAY).is_final
        partition.feed(gift(at=end + 600_000, stream="tiktok:s2"))
        partition.flush()
        assert partition.totals(DAY).is_final

    def test_a_stream_is_final_when_it_is_quiet_and_opens_again(self, partition: Partition) -> None:
        partition.feed(gift(), gift(at=AT + 5_000))
        partition.feed(gift(at=AT + 604_999, stream="tiktok:s2"))
        partition.flush()
        assert not partition.totals(WHOLE).is_final
        partition.feed(gift(at=AT + 605_000, stream="tiktok:s2"))
        partition.flush()
        assert partition.totals(WHOLE).is_final
        assert partition.totals(WHOLE).revision == 2 * 2 + 1
        partition.feed(gift(at=AT + 606_000))
        partition.flush()
        assert not partition.totals(WHOLE).is_final
        assert partition.totals(WHOLE).revision == 2 * 5
        assert partition.totals(WHOLE).sends == 3
        partition.feed(gift(at=AT + 1_206_000, stream="tiktok:s2"))
        partition.flush()
        assert partition.totals(WHOLE).is_final

    def test_an_idle_partition_makes_boards_final_by_the_wall_clock(self, partition: Partition) -> None:
        partition.feed(gift())
        partition.flush(AT + 90_000)
        assert not partition.totals(MINUTE).is_final
        partition.flush(AT + 90_000, idle=True)
        assert partition.totals(MINUTE).is_final
        assert partition.fold.watermark == AT

    def test_an_event_in_time_opens_such_a_board_again_with_a_higher_revision(self, partition: Partition) -> None:
        partition.feed(gift())
        partition.flush(AT + 90_000, idle=True)
        assert partition.feed(gift(at=AT + 1)) == ["counted"]
        partition.flush(AT + 90_001)
        assert not partition.totals(MINUTE).is_final
        assert (partition.totals(MINUTE).sends, partition.totals(MINUTE).revision) == (2, 4)
        partition.feed(gift(at=AT + 90_000, stream="tiktok:s2"))
        partition.flush()
        assert partition.totals(MINUTE).revision == 5

    def test_the_cells_of_a_closed_board_are_kept_until_it_is_published(self, partition: Partition) -> None:
        partition.feed(gift(region="DE"), gift(at=AT + 90_000))
        cut = partition.cut()
        minutes = [AT + 60_000, AT]
        assert partition.minutes() == {"g": minutes, "f": minutes, "s": [AT]}
        partition.feed(gift(at=AT + 120_000, region="DE"))
        minutes = [AT + 120_000, AT, AT + 60_000]
        assert partition.minutes() == {"g": minutes, "f": minutes, "s": [AT + 120_000, AT]}
        partition.publish(cut)
        partition.settle()
        partition.feed(gift(at=AT + 180_000, region="DE"))
        minutes = [AT + 180_000, AT + 60_000, AT + 120_000]
        assert partition.minutes() == {"g": minutes, "f": minutes, "s": [AT + 180_000, AT + 120_000]}
        row = partition.fold._tables.totals.get(f"coin|1m|{AT}", STREAM)
        assert row is not None
        assert row.archived

    def test_a_board_that_the_wall_clock_made_final_is_archived_by_the_watermark(self, partition: Partition) -> None:
        partition.feed(gift())
        partition.flush(AT + 90_000, idle=True)
        partition.settle()
        row = partition.fold._tables.totals.get(f"coin|1m|{AT}", STREAM)
        assert row is not None
        assert row.final_at
        assert not row.archived
        partition.feed(gift(at=AT + 90_000, stream="tiktok:s2"))
        partition.history.clear()
        partition.settle()
        assert row.archived
        assert ("totals", MINUTE) not in {(to, key) for to, key, _ in partition.history}

    def test_an_archived_board_is_not_published_after_a_crash(self, partition: Partition) -> None:
        partition.feed(gift(), gift(at=AT + 90_000, stream="tiktok:s2"))
        partition.settle()
        partition.mark = 0
        partition.crash()
        partition.published.clear()
        partition.settle()
        assert ("totals", MINUTE) not in partition.published
        assert ("totals", HOUR) in partition.published


class TestTombstones:
    @pytest.mark.parametrize(
        ("key", "scope", "last"),
        [
            (MINUTE, GLOBAL, AT + MINUTE_MS + HOUR_MS),
            (HOUR, f"global|coin|1h|{AT}", AT + HOUR_MS + 2 * DAY_MS),
            (DAY, f"global|coin|1d|{AT - AT % DAY_MS}", AT - AT % DAY_MS + 9 * DAY_MS),
            (WHOLE, None, AT + 8 * DAY_MS),
        ],
        ids=["1m", "1h", "1d", "stream"],
    )
    def test_a_board_goes_after_its_retention(
        self, partition: Partition, key: str, scope: str | None, last: int
    ) -> None:
        partition.feed(gift(region="DE"))
        partition.feed(gift(at=last, stream="tiktok:s2"))
        partition.settle()
        assert ("totals", key) in partition.published
        partition.feed(gift(at=last + 1, stream="tiktok:s2"))
        partition.settle()
        gone = {("totals", key), ("gifters", key)} | ({("partials", f"0|{scope}")} if scope else set())
        assert not gone & set(partition.published)
        last_values = {(to, name): value for to, name, value in partition.history if (to, name) in gone}
        assert last_values == dict.fromkeys(gone)
        crashed = {name for _, name, _ in partition.rows() if name.endswith(key.partition("|")[2])}
        assert STREAM not in {member for tag, group, member in partition.rows() if tag == "b" and group in crashed}

    def test_when_time_leaps_the_last_value_still_comes_before_the_tombstone(self, partition: Partition) -> None:
        partition.feed(gift(), gift(at=AT + 20 * DAY_MS, stream="tiktok:s2"))
        partition.settle()
        for key in (MINUTE, HOUR, DAY, WHOLE):
            values = [value for to, name, value in partition.history if (to, name) == ("gifters", key)]
            assert len(values) == 2
            assert b'"is_final":true' in (values[0] or b"")
            assert values[1] is None

    def test_nothing_of_an_expired_stream_comes_back(self, partition: Partition) -> None:
        partition.feed(*(gift(sender=f"u{n}") for n in range(50)))
        partition.feed(gift(at=AT + 9 * DAY_MS, stream="tiktok:s2"))
        partition.flush()
        partition.flush()
        partition.feed(gift(sender="u7", at=AT + 9 * DAY_MS))
        partition.settle()
        assert partition.gifters(WHOLE).totals == BoardTotals(5, 1, 1)
        partition.crash()
        partition.feed(gift(sender="u8", at=AT + 9 * DAY_MS))
        partition.settle()
        assert partition.gifters(WHOLE).totals == BoardTotals(10, 2, 2)

    @pytest.mark.parametrize("done", ["nothing", "flush", "flush, cut", "settle"])
    def test_a_stream_begins_anew_after_its_retention_however_far_its_tombstone_has_come(self, done: str) -> None:
        partition = Partition()
        partition.feed(gift(), gift(sender="u2", gift_id="lion"), gift(at=AT + 8 * DAY_MS + 1, stream="tiktok:s2"))
        if "flush" in done:
            partition.flush()
        cut = partition.cut() if "cut" in done else None
        if done == "settle":
            partition.settle()
        partition.feed(gift(at=AT + 8 * DAY_MS + 1, value=7))
        if cut is not None:
            assert ("totals", WHOLE, None) in cut.messages
            partition.publish(cut)
        partition.settle()
        assert partition.gifters(WHOLE).totals == BoardTotals(7, 1, 1)
        assert partition.totals(WHOLE).gifts == [GiftTotal("rose", None, 7, 1)]
        partition.crash()
        partition.feed(gift(at=AT + 8 * DAY_MS + 1, value=1))
        partition.settle()
        assert partition.gifters(WHOLE).totals == BoardTotals(8, 2, 1)

    def test_a_stream_goes_on_while_its_retention_lasts(self, partition: Partition) -> None:
        partition.feed(gift(), gift(at=AT + 8 * DAY_MS, stream="tiktok:s2"), gift(at=AT + 8 * DAY_MS))
        partition.settle()
        assert partition.totals(WHOLE).sends == 2

    def test_all_state_of_the_past_drains(self, partition: Partition) -> None:
        partition.feed(*(gift(sender=f"u{n}", stream=f"tiktok:s{n % 7}", region="DE") for n in range(200)))
        partition.feed(*(gift(sender=f"u{n}", phase="streak_update", gift_id=f"g{n}") for n in range(50)))
        for n in range(200):
            partition.feed(gift(at=AT + 20 * DAY_MS + n, stream="tiktok:end"))
        partition.settle()
        old = [(group, member) for _, group, member in partition.rows() if "tiktok:s" in group + member]
        assert old == []


class TestPublication:
    def test_only_what_changed_is_published(self, partition: Partition) -> None:
        partition.feed(gift(), gift(stream="tiktok:s2"))
        partition.flush()
        assert partition.flush().messages == []
        partition.feed(gift(stream="tiktok:s2", value_unit="bit"))
        keys = {key for _, key, _ in partition.flush().messages}
        assert not any(key.startswith(STREAM) for key in keys)
        assert f"tiktok:s2|coin|1m|{AT}" not in keys

    def test_the_progress_comes_last_and_says_up_to_where_all_is_published(self, partition: Partition) -> None:
        partition.feed(gift(), None)
        assert partition.flush().messages[-1][1] == "0"
        progress = partition.progress()
        assert (progress.position, progress.watermark_ms) == (2, AT)
        assert progress.ledger == Ledger(counted=1, dead_lettered=1)

    def test_a_board_waits_for_its_interval(self, partition: Partition) -> None:
        partition.feed(gift())
        partition.flush(AT, min_interval_ms=5_000)
        partition.feed(gift())
        partition.flush(AT + 4_999, min_interval_ms=5_000)
        assert partition.totals(WHOLE).sends == 1
        assert (partition.fold.mark(), partition.progress().position) == (1, 1)
        partition.flush(AT + 5_000, min_interval_ms=5_000)
        assert partition.totals(WHOLE).sends == 2
        assert (partition.fold.mark(), partition.progress().position) == (2, 2)

    def test_a_last_value_does_not_wait_and_the_partial_behind_it_neither(self, partition: Partition) -> None:
        partition.feed(gift())
        partition.flush(AT, min_interval_ms=5_000)
        partition.feed(gift(), gift(at=AT + 90_000, stream="tiktok:s2"))
        partition.flush(AT + 1, min_interval_ms=5_000)
        assert partition.totals(MINUTE).is_final
        assert partition.totals(MINUTE).sends == 2
        assert partition.partial(GLOBAL).sends == 2
        assert partition.totals(HOUR).sends == 1

    def test_a_clock_that_is_set_back_keeps_nothing_from_being_published(self, partition: Partition) -> None:
        partition.feed(gift())
        partition.flush(AT, min_interval_ms=5_000)
        partition.feed(gift())
        partition.flush(AT - HOUR_MS, min_interval_ms=5_000)
        assert partition.totals(WHOLE).sends == 2

    def test_the_mark_stays_behind_what_is_on_the_way(self, partition: Partition) -> None:
        partition.feed(gift(), gift())
        assert partition.fold.mark() == 0
        cut = partition.cut()
        partition.feed(gift())
        assert partition.fold.mark() == 0
        partition.publish(cut)
        assert partition.fold.mark() == 2

    def test_a_second_cut_while_one_is_on_the_way_is_refused(self, partition: Partition) -> None:
        partition.feed(gift())
        partition.cut()
        with pytest.raises(RuntimeError, match="acknowledged"):
            partition.cut()

    def test_a_big_gift_goes_out_once(self, partition: Partition) -> None:
        partition.feed(gift(value=1_000, event_id="tiktok:big"))
        assert partition.fold.ledger.big_gifts == 1
        key = f"{STREAM}|big_gift|tiktok:big"
        assert key in {key for _, key, _ in partition.flush().messages}
        assert partition.fold.mark() == 1
        assert partition.flush().messages == []

    def test_what_was_not_acknowledged_before_a_crash_is_published_again_the_same(self, partition: Partition) -> None:
        partition.feed(gift(value=1_000, region="DE"), gift(at=AT + 90_000, stream="tiktok:s2"))
        cut = partition.cut()
        partition.crash()
        again = partition.cut()
        assert sorted(message for message in again.messages) == sorted(cut.messages)

    def test_the_position_is_taken_up_after_a_crash(self, partition: Partition) -> None:
        partition.feed(gift(), None, gift())
        partition.flush()
        partition.crash()
        assert partition.fold.position == 3
        assert partition.fold.ledger == Ledger(counted=2, dead_lettered=1)
        assert partition.fold.watermark == AT


def test_a_quarantined_offset_is_a_dead_letter() -> None:
    partition = Partition(RULES)
    partition.fold = GiftFold(RULES, 0, partition.fold._tables, quarantined=frozenset({1}))
    outcomes = partition.feed(gift(), gift())
    assert outcomes[0] == "counted"
    assert reason(outcomes[1]) == "quarantined"


def test_a_stream_that_was_final_twice_has_one_tombstone() -> None:
    partition = Partition()
    for at in (AT, AT + 11 * MINUTE_MS, AT + 22 * MINUTE_MS):
        partition.feed(gift(at=at))
        partition.flush()
        partition.feed(gift(stream="tiktok:another", at=at + 10 * MINUTE_MS))
        partition.flush()
    partition.feed(gift(stream="tiktok:another", at=AT + 9 * DAY_MS))
    partition.settle()
    gone = [key for to, key, value in partition.history if to == "totals" and value is None]
    assert gone.count(f"{STREAM}|coin|stream|0") == 1


def test_a_gift_counts_once_on_each_board_also_where_a_day_begins_within_an_hour() -> None:
    partition = Partition(Rules(partitions=1, partitioner="any", time_zone="Asia/Kolkata"))
    midnight = AT // DAY_MS * DAY_MS + DAY_MS - 5 * HOUR_MS - 30 * MINUTE_MS
    partition.feed(*(gift(value=5, gift_name="Rose", at=at, region="IN") for at in (midnight - 1, midnight)))
    partition.flush()
    boards = {
        f"1d|{midnight - DAY_MS}": 5,
        f"1d|{midnight}": 5,
        f"1h|{midnight - HOUR_MS // 2}": 10,
        f"1m|{midnight - MINUTE_MS}": 5,
        f"1m|{midnight}": 5,
        "stream|0": 10,
    }
    for window, value in boards.items():
        totals, gifters = partition.totals(f"{STREAM}|coin|{window}"), partition.gifters(f"{STREAM}|coin|{window}")
        assert (totals.value, totals.gifts) == (value, [GiftTotal("rose", "Rose", value, value // 5)])
        assert [(one.value, one.sends) for one in gifters.entries] == [(value, value // 5)]
        if window != "stream|0":
            [entry] = partition.partial(f"region:IN|coin|{window}").entries
            assert (entry.value, entry.sends) == (value, value // 5)
