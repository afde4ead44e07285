"""The windows of event time a gift falls into."""

from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from schemas.board import Window

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

RETENTION_MS: Final = {"1m": HOUR_MS, "1h": 2 * DAY_MS, "1d": 8 * DAY_MS, "stream": 8 * DAY_MS}
"""How long after its end a board's key lives; for `stream`, after the last event time on it."""

BROADCAST: Final = Window("stream", 0, None)


class Calendar:
    """The windows under one time zone. Days run from local midnight to local midnight, 23 to 25 hours."""

    def __init__(self, time_zone: str) -> None:
        zone = ZoneInfo(time_zone)

        @lru_cache(maxsize=100_000)
        def of_minute(minute: int) -> tuple[Window, Window, Window]:
            start = minute * MINUTE_MS
            hour = start - start % HOUR_MS
            return (
                Window("1m", start, start + MINUTE_MS),
                Window("1h", hour, hour + HOUR_MS),
                _day(start, zone),
            )

        self._of_minute = of_minute

    def windows(self, event_time_ms: int) -> tuple[Window, ...]:
        """Return the minute, the hour and the day of an event time in ms."""
        return self._of_minute(event_time_ms // MINUTE_MS)


def _day(moment_ms: int, zone: ZoneInfo) -> Window:
    date = datetime.fromtimestamp(moment_ms // 1000, zone).date()
    midnights = (datetime.combine(d, time(), zone) for d in (date, date + timedelta(days=1)))
    start, end = (int(midnight.timestamp()) * 1000 for midnight in midnights)
    return Window("1d", start, end)
