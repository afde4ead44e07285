"""Windows of event time, and days under a time zone."""

from datetime import UTC, datetime

import pytest

from app.audit.calendar import Calendar
from schemas.board import Window

HOUR = 3_600_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def test_minute_hour_and_day_are_half_open() -> None:
    time = ms("2024-05-01 10:59:59") + 999
    assert Calendar("UTC").windows(time) == (
        Window("1m", ms("2024-05-01 10:59"), ms("2024-05-01 11:00")),
        Window("1h", ms("2024-05-01 10:00"), ms("2024-05-01 11:00")),
        Window("1d", ms("2024-05-01 00:00"), ms("2024-05-02 00:00")),
    )
    assert Calendar("UTC").windows(time + 1)[0].start_ms == ms("2024-05-01 11:00")


@pytest.mark.parametrize(
    ("zone", "moment", "start", "hours"),
    [
        ("Europe/Berlin", "2024-05-01 21:59", "2024-04-30 22:00", 24),
        ("Europe/Berlin", "2024-05-01 22:00", "2024-05-01 22:00", 24),
        ("Europe/Berlin", "2024-03-31 12:00", "2024-03-30 23:00", 23),
        ("Europe/Berlin", "2024-10-27 12:00", "2024-10-26 22:00", 25),
        ("America/Havana", "2024-03-10 12:00", "2024-03-10 05:00", 23),  # there is no midnight on this day
        ("America/Havana", "2024-11-03 04:30", "2024-11-03 04:00", 25),  # midnight comes twice
        ("America/Havana", "2024-11-03 05:30", "2024-11-03 04:00", 25),
        ("Asia/Kathmandu", "2024-05-01 18:15", "2024-05-01 18:15", 24),
    ],
)
def test_a_day_is_local(zone: str, moment: str, start: str, hours: int) -> None:
    day = Calendar(zone).windows(ms(moment))[2]
    assert day == Window("1d", ms(start), ms(start) + hours * HOUR)
