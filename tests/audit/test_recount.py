"""What one partition adds up to, by tables written by hand."""

import pytest

from app.audit.options import AuditOptions
from app.audit.recount import Recount
from tests.audit.small_log import NOON, OPTIONS, Json, frame, gift, record, recounted

MINUTE = f"tiktok:s|coin|1m|{NOON}"
BROADCAST = "tiktok:s|coin|stream|0"
HORIZON = OPTIONS.horizon_ms


def totals(recount: Recount, key: str = BROADCAST) -> tuple[int, int]:
    tally = recount.streams[key]
    return tally.value, tally.sends


def test_a_gift_is_on_every_board_of_its_windows_and_scopes() -> None:
    recount = recounted(gift(region="DE"))
    day = NOON - NOON % 86_400_000
    windows = [f"1m|{NOON}", f"1h|{NOON}", f"1d|{day}"]
    assert list(recount.streams) == [f"tiktok:s|coin|{w}" for w in [*windows, "stream|0"]]
    assert list(recount.scopes) == [f"{scope}|coin|{w}" for scope in ("global", "region:DE") for w in windows]


def test_units_are_never_added() -> None:
    recount = recounted(gift("1"), gift("2", value_unit="minor:EUR"))
    assert totals(recount) == (5, 1)
    assert totals(recount, "tiktok:s|minor:EUR|stream|0") == (5, 1)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"quantity": 3}, (15, 3)),
        ({"quantity": 3, "total_value": 12}, (12, 3)),
        ({"quantity": 3, "total_value": 0}, (0, 3)),
        ({"quantity": 3, "paid": False}, (0, 3)),
        ({"quantity": 3, "paid": False, "total_value": 12}, (0, 3)),
        ({"unit_value": 0}, (0, 1)),
    ],
)
def test_value_of_a_gift(fields: Json, expected: tuple[int, int]) -> None:
    recount = recounted(gift(**fields))
    assert totals(recount) == expected
    assert recount.counts.counted == 1


@pytest.mark.parametrize(
    ("watermark", "counted", "duplicates"),
    [(NOON, 2, 1), (NOON + HORIZON, 2, 1), (NOON + HORIZON + 1, 3, 0)],
)
def test_an_id_is_remembered_for_the_horizon(watermark: int, counted: int, duplicates: int) -> None:
    recount = recounted(gift("1"), gift("2", watermark), gift("1", watermark))
    assert (recount.counts.counted, recount.counts.duplicates) == (counted, duplicates)


def test_a_duplicate_does_not_prolong_the_memory_of_its_id() -> None:
    times = [NOON, NOON + HORIZON, NOON + HORIZON + 1]
    recount = recounted(gift("1"), *(e for n, t in enumerate(times) for e in (gift(f"w{n}", t), gift("1", t))))
    assert recount.counts.duplicates == 2


def test_ids_are_those_of_one_stream() -> None:
    recount = recounted(gift("1"), gift("1", stream_id="tiktok:other"))
    assert (recount.counts.counted, recount.counts.duplicates) == (2, 0)


@pytest.mark.parametrize(
    ("frames", "sends", "unchanged"),
    [
        ([1, 2, 3], 3, 0),
        ([3], 3, 0),
        ([1, 3, 2], 3, 1),
        ([3, 3, 3], 3, 2),
        ([5, 1, 7], 7, 1),
    ],
)
def test_a_streak_counts_its_maximum_whatever_was_lost_or_reordered(
    frames: list[int], sends: int, unchanged: int
) -> None:
    recount = recounted(*(frame(str(n), quantity) for n, quantity in enumerate(frames)))
    assert totals(recount) == (5 * sends, sends)
    assert recount.counts.unchanged == unchanged


def test_quantity_and_value_of_a_streak_are_maxima_each() -> None:
    recount = recounted(frame("1", 4, total_value=10), frame("2", 3, total_value=12))
    assert totals(recount) == (12, 4)
    assert recount.counts.counted == 2


@pytest.mark.parametrize(
    "other", [{"sender_id": "bo"}, {"recipient_id": "guest"}, {"gift_id": "lion"}, {"streak_id": "k2"}]
)
def test_streaks_are_told_apart(other: Json) -> None:
    assert totals(recounted(frame("1", 2), frame("2", 2, **other))) == (20, 4)


def test_the_end_of_a_streak_only_closes_it() -> None:
    recount = recounted(frame("1", 2), frame("2", 2, phase="streak_end"), frame("3", 4))
    assert totals(recount) == (20, 4)


@pytest.mark.parametrize(("quiet", "sends"), [(HORIZON, 2), (HORIZON + 1, 4)])
def test_a_streak_lives_for_the_horizon(quiet: int, sends: int) -> None:
    recount = recounted(frame("1", 2), gift("2", NOON + quiet, value_unit="bit"), frame("3", 2, NOON + quiet))
    assert recount.streams[BROADCAST].sends == sends


def test_a_frame_that_adds_nothing_keeps_its_streak_alive() -> None:
    times = [NOON, NOON + HORIZON, NOON + 2 * HORIZON]
    recount = recounted(
        *(e for n, t in enumerate(times) for e in (gift(f"w{n}", t, value_unit="bit"), frame(f"f{n}", 2, t)))
    )
    assert totals(recount) == (10, 2)


@pytest.mark.parametrize(("watermark", "late"), [(NOON + 89_999, 0), (NOON + 90_000, 1)])
def test_a_late_gift_misses_its_minute_only(watermark: int, late: int) -> None:
    recount = recounted(gift("1"), gift("2", watermark), gift("3", NOON + 59_999))
    assert recount.counts.late == late
    assert totals(recount, MINUTE) == (10 - 5 * late, 2 - late)
    assert totals(recount, f"tiktok:s|coin|1h|{NOON}") == (15, 3)
    assert recount.scopes[f"global|coin|1m|{NOON}"].sends == 2 - late


@pytest.mark.parametrize(("age", "too_old"), [(HORIZON, 0), (HORIZON + 1, 1)])
def test_a_gift_older_than_the_horizon_is_counted_nowhere(age: int, too_old: int) -> None:
    recount = recounted(gift("1"), gift("2", NOON - age))
    assert recount.counts.dead_lettered.get("too_old", 0) == too_old
    assert recount.counts.counted == 2 - too_old


def test_an_event_time_ahead_does_not_move_the_watermark_beyond_the_append_time() -> None:
    recount = Recount(OPTIONS, 0)
    recount.apply(record(0, gift("1", NOON + 200_000), timestamp=NOON))
    assert recount.watermark == NOON


def test_a_dead_letter_moves_no_watermark() -> None:
    assert recounted(gift("1"), gift("2", NOON + 60_000, quantity=0)).watermark == NOON


def test_an_anonymous_gift_counts_and_is_not_ranked() -> None:
    tally = recounted(gift("1"), gift("2", sender_id=None, anonymous=True)).streams[BROADCAST]
    assert (tally.value, tally.sends, list(tally.lines)) == (10, 2, ["ana"])


def test_reached_is_the_time_of_the_gift_that_made_the_value() -> None:
    recount = recounted(gift("1", NOON), gift("2", NOON + 5), gift("3", NOON + 3), gift("4", NOON + 9, paid=False))
    assert recount.streams[BROADCAST].lines["ana"].reached_ms == NOON + 3


def test_names_are_the_newest_that_are_known_and_cut() -> None:
    long = "x" * 70
    recount = recounted(gift("1", sender_name="Ana", channel_name="C"), gift("2"), gift("3", sender_name=long))
    tally = recount.streams[BROADCAST]
    assert (tally.lines["ana"].name, tally.channel_name) == ("x" * 64, "C")
    assert recount.scopes[f"global|coin|1m|{NOON}"].lines["tiktok:s"].name == "C"


def test_days_follow_the_time_zone() -> None:
    recount = recounted(gift(), options=AuditOptions(partitioner="any", time_zone="Pacific/Auckland"))
    assert f"tiktok:s|coin|1d|{NOON - 3_600_000}" in recount.streams  # 00:00 of the 16th at UTC+13


def test_a_broadcast_that_comes_back_after_its_tombstone_begins_anew() -> None:
    eight_days = 8 * 86_400_000
    later = NOON + eight_days + 1
    other = gift("2", later, stream_id="tiktok:other")
    assert totals(recounted(gift("1"), other, gift("3", later))) == (5, 1)
    assert totals(recounted(gift("1"), gift("2", later - 1, value_unit="bit"), gift("3", later))) == (10, 2)


def test_expired_boards_are_let_go() -> None:
    recount = recounted(gift("1"), gift("2", NOON + 3 * 3_600_000))
    assert MINUTE not in recount.streams


def test_every_record_is_accounted_for() -> None:
    recount = recounted(gift("1"), gift("1"), frame("2", 2), frame("3", 2), gift("4", quantity=0))
    counts = recount.counts
    assert (counts.counted, counts.duplicates, counts.unchanged, counts.dead_lettered) == (2, 1, 1, {"out_of_range": 1})
    assert counts.records == 5
