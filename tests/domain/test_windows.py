from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.rules import DAY_MS, HOUR_MS, MINUTE_MS, Rules
from agents.domain.windows import Calendar, calendar_day
from schemas.board import Window

UTC_MIDNIGHT = 1_759_968_000_000  # 2025-10-09T00:00:00Z
FIRST_MS, LAST_MS = 1_420_070_400_000, 2_145_916_800_000  # 2015 to 2038


def ms(text: str, zone: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


@pytest.mark.parametrize(
    ("at_ms", "minute", "hour", "day"),
    [
        (UTC_MIDNIGHT, 0, 0, 0),
        (UTC_MIDNIGHT + 1, 0, 0, 0),
        (UTC_MIDNIGHT + MINUTE_MS - 1, 0, 0, 0),
        (UTC_MIDNIGHT + MINUTE_MS, MINUTE_MS, 0, 0),
        (UTC_MIDNIGHT + HOUR_MS - 1, HOUR_MS - MINUTE_MS, 0, 0),
        (UTC_MIDNIGHT + HOUR_MS, HOUR_MS, HOUR_MS, 0),
        (UTC_MIDNIGHT - 1, -MINUTE_MS, -HOUR_MS, -DAY_MS),
        (UTC_MIDNIGHT + DAY_MS, DAY_MS, DAY_MS, DAY_MS),
    ],
)
def test_a_time_lies_in_one_window_of_each_size(at_ms: int, minute: int, hour: int, day: int) -> None:
    assert Calendar(Rules()).of(at_ms) == (
        Window("1m", UTC_MIDNIGHT + minute, UTC_MIDNIGHT + minute + MINUTE_MS),
        Window("1h", UTC_MIDNIGHT + hour, UTC_MIDNIGHT + hour + HOUR_MS),
        Window("1d", UTC_MIDNIGHT + day, UTC_MIDNIGHT + day + DAY_MS),
        Window("stream", 0, None),
    )


@pytest.mark.parametrize(
    ("zone", "at", "start", "hours"),
    [
        ("Europe/Berlin", "2025-03-30T12:00", "2025-03-30T00:00", 23),
        ("Europe/Berlin", "2025-10-26T12:00", "2025-10-26T00:00", 25),
        ("Europe/Berlin", "2025-10-26T23:59:59", "2025-10-26T00:00", 25),
        ("Europe/Berlin", "2025-10-27T00:00", "2025-10-27T00:00", 24),
        ("Asia/Kolkata", "2025-10-09T00:00", "2025-10-09T00:00", 24),
        ("Asia/Kathmandu", "2025-10-09T23:59", "2025-10-09T00:00", 24),
        ("America/Sao_Paulo", "2018-11-04T12:00", "2018-11-04T01:00", 23),  # midnight is skipped
        ("America/Havana", "2024-11-03T12:00", "2024-11-03T00:00", 25),  # midnight comes twice
        ("Australia/Lord_Howe", "2025-04-06T12:00", "2025-04-06T00:00", 24.5),
    ],
)
def test_a_day_goes_from_midnight_to_midnight(zone: str, at: str, start: str, hours: float) -> None:
    start_ms = ms(start, zone)
    assert calendar_day(ZoneInfo(zone), ms(at, zone)) == Window("1d", start_ms, start_ms + round(hours * HOUR_MS))


ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Africa/Cairo", "Asia/Tehran"]
ZONES += ["America/Asuncion", "America/Nuuk", "Asia/Gaza", "Atlantic/Azores", "Pacific/Apia", "Australia/Lord_Howe"]


@given(st.sampled_from(ZONES), st.integers(FIRST_MS, LAST_MS))
def test_days_follow_each_other_without_gap_or_overlap(zone: str, at_ms: int) -> None:
    day = calendar_day(ZoneInfo(zone), at_ms)
    assert day.end_ms is not None
    assert day.start_ms <= at_ms < day.end_ms
    assert day.start_ms % MINUTE_MS == 0
    assert calendar_day(ZoneInfo(zone), day.start_ms) == day == calendar_day(ZoneInfo(zone), day.end_ms - 1)
    assert calendar_day(ZoneInfo(zone), day.end_ms).start_ms == day.end_ms


def test_a_minute_window_closes_after_the_lateness_the_longer_ones_after_the_horizon() -> None:
    calendar = Calendar(Rules(lateness_ms=30_000, horizon_ms=600_000))
    minute, hour, day, stream = calendar.of(UTC_MIDNIGHT)
    assert calendar.closes(minute) == UTC_MIDNIGHT + MINUTE_MS + 30_000
    assert calendar.closes(hour) == UTC_MIDNIGHT + HOUR_MS + 600_000
    assert calendar.closes(day) == UTC_MIDNIGHT + DAY_MS + 600_000
    assert calendar.closes(stream) is None


def test_an_event_is_late_from_the_watermark_that_closes_its_minute() -> None:
    calendar = Calendar(Rules(lateness_ms=30_000))
    assert not calendar.is_late(UTC_MIDNIGHT + 59_999, UTC_MIDNIGHT + 89_999)
    assert calendar.is_late(UTC_MIDNIGHT + 59_999, UTC_MIDNIGHT + 90_000)


def test_a_window_is_found_again_by_name_and_start() -> None:
    calendar = Calendar(Rules(time_zone="Europe/Berlin"))
    for window in calendar.of(UTC_MIDNIGHT):
        assert calendar.starting(window.name, window.start_ms) == window


def test_the_cache_is_bounded_and_does_not_change_the_answer() -> None:
    calendar = Calendar(Rules())
    first = calendar.of(UTC_MIDNIGHT)
    for minute in range(5_000):
        calendar.of(UTC_MIDNIGHT + minute * MINUTE_MS)
    assert calendar.of(UTC_MIDNIGHT) == first
