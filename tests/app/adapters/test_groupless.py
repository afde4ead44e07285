"""Streaks without a group id are told apart by pauses and by what has been closed."""

from app.adapters.groupless import KEPT, GrouplessStreaks

KEY = ("tiktok:s1", "u1", None, "rose")


def named(*frames: tuple[int, int, bool]) -> list[str]:
    """Return the names for frames of (count, event time in ms, closing)."""
    streaks = GrouplessStreaks()
    return [streaks.name(KEY, count, at, ended=ended) for count, at, ended in frames]


def test_frames_in_quick_order_are_one_streak_named_by_the_first() -> None:
    assert named((1, 1_000, False), (3, 1_800, False), (3, 5_000, True)) == ["t1000"] * 3


def test_a_frame_that_comes_out_of_order_stays_in_it() -> None:
    assert named((1, 1_000, False), (3, 1_800, False), (2, 1_500, False)) == ["t1000"] * 3


def test_a_long_streak_that_grows_goes_on_after_a_pause() -> None:
    assert named((1, 1_000, False), (9, 20_000, False)) == ["t1000"] * 2


def test_a_count_that_has_not_grown_after_a_pause_is_a_new_one() -> None:
    assert named((3, 1_000, False), (3, 6_001, False)) == ["t1000", "t6001"]


def test_after_the_end_and_a_pause_any_count_is_a_new_one() -> None:
    assert named((3, 1_000, True), (5, 6_001, False)) == ["t1000", "t6001"]


def test_an_end_that_is_sent_again_soon_is_the_same() -> None:
    assert named((3, 1_000, True), (3, 6_000, True)) == ["t1000"] * 2


def test_after_ten_minutes_it_is_a_new_one() -> None:
    assert named((3, 1_000, False), (5, 601_001, False)) == ["t1000", "t601001"]


def test_another_gifter_has_another_streak() -> None:
    streaks = GrouplessStreaks()
    streaks.name(KEY, 1, 1_000, ended=False)

    assert streaks.name(("tiktok:s1", "u2", None, "rose"), 2, 1_200, ended=False) == "t1200"


def test_the_longest_idle_is_forgotten_first() -> None:
    streaks = GrouplessStreaks()
    streaks.name(KEY, 1, 1_000, ended=False)
    for number in range(KEPT):
        streaks.name((str(number),), 1, 1_100, ended=False)

    assert streaks.name(KEY, 2, 1_200, ended=False) == "t1200"
    assert streaks.name((str(KEPT - 1),), 2, 1_200, ended=False) == "t1100"
