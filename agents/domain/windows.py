"""Tumbling windows of event time, when they close, and how long their boards are kept. All times in ms."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from agents.domain.rules import DAY_MS, HOUR_MS, MINUTE_MS, Rules
from schemas.board import Window
from schemas.ids import WindowName

RETENTION_MS: Final[dict[WindowName, int]] = {
    "1m": HOUR_MS,
    "1h": 2 * DAY_MS,
    "1d": 8 * DAY_MS,
    "stream": 8 * DAY_MS,
}
STREAM: Final = Window("stream", 0, None)
CACHED: Final = 4096
"""Minutes whose windows are kept at hand. Events of a healthy partition lie within the horizon."""

Windows = tuple[Window, Window, Window, Window]


def tumbling(name: WindowName, size_ms: int, at_ms: int) -> Window:
    """Return the window of a fixed size that holds a time."""
    start = at_ms - at_ms % size_ms
    return Window(name, start, start + size_ms)


def calendar_day(zone: ZoneInfo, at_ms: int) -> Window:
    """Return the day of a time zone that holds a time: from midnight to the next, 23 to 25 hours where clocks change.

    Where midnight is skipped, the day begins at the change; where it comes twice, with the first.
    """
    midnight = datetime.fromtimestamp(at_ms // 1000, zone).replace(hour=0, minute=0, second=0, fold=0)
    following = (midnight.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return Window("1d", round(midnight.timestamp()) * 1000, round(following.timestamp()) * 1000)


class Calendar:
    """The windows of an event time under the rules, cached by the minute.

    A minute decides all four: no time zone has changed its clocks within a minute since 2015, and older events are
    not admitted.
    """

    __slots__ = ("_cache", "_rules", "_zone")

    def __init__(self, rules: Rules) -> None:
        """Raises zoneinfo.ZoneInfoNotFoundError when `rules.time_zone` is unknown."""
        self._rules = rules
        self._zone = ZoneInfo(rules.time_zone)
        self._cache: dict[int, Windows] = {}

    def of(self, at_ms: int) -> Windows:
        """Return the 1m, 1h, 1d and stream windows of an event time."""
        minute = at_ms // MINUTE_MS
        windows = self._cache.get(minute)
        if windows is None:
            if len(self._cache) >= CACHED:
                self._cache.clear()
            windows = self._cache[minute] = (
                tumbling("1m", MINUTE_MS, at_ms),
                tumbling("1h", HOUR_MS, at_ms),
                calendar_day(self._zone, at_ms),
                STREAM,
            )
        return windows

    def starting(self, name: str, start_ms: int) -> Window:
        """Return the window of that name and start. Raises StopIteration when there is no such window."""
        return STREAM if name == "stream" else next(w for w in self.of(start_ms) if w.name == name)

    def is_late(self, at_ms: int, watermark: int) -> bool:
        """Tell whether an event of that time is too late for its 1m window."""
        return at_ms - at_ms % MINUTE_MS + MINUTE_MS + self._rules.lateness_ms <= watermark

    def closes(self, window: Window) -> int | None:
        """Return the watermark from which nothing can come into the window, or None for `stream`."""
        if window.end_ms is None:
            return None
        return window.end_ms + (self._rules.lateness_ms if window.name == "1m" else self._rules.horizon_ms)

    def expires(self, window: Window) -> int | None:
        """Return the last watermark at which the window's boards are kept, or None for `stream`."""
        return None if window.end_ms is None else window.end_ms + RETENTION_MS[window.name]
