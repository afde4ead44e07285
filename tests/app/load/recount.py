"""A recount of a load by the rules of the public contract, from the bytes alone. Slow and plain on purpose.

Malformed records are told by the simplest look at key and value that separates them; the generator makes no others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import orjson

from app.load.message import Send

HORIZON_MS = 600_000
MINUTE_MS = 60_000
LATENESS_MS = 30_000


class Recount:
    """Ids, streak registers and watermarks are kept for ever: a load is shorter than what would be forgotten."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._watermarks: Counter[int] = Counter()
        self._seen: set[tuple[str, str]] = set()
        self._streaks: dict[tuple[str, ...], int] = defaultdict(int)

    def take_all(self, sends: Iterable[Send]) -> "Recount":
        for send in sends:
            self.counts["sent"] += 1
            self._take(send)
        return self

    def _take(self, send: Send) -> None:
        event = readable(send)
        if event is None:
            self.counts["dead_lettered"] += 1
            return
        at, watermark = event["event_time_ms"], self._watermarks[send.partition]
        if at < watermark - HORIZON_MS:
            self.counts["dead_lettered"] += 1
            self.dead_letters["too_old"] += 1
            return
        self._watermarks[send.partition] = max(watermark, at)
        identity = (event["stream_id"], event["event_id"])
        if identity in self._seen:
            self.counts["duplicates"] += 1
            return
        self._seen.add(identity)
        self._count(event, watermark)

    def _count(self, event: dict[str, Any], watermark: int) -> None:
        gifts = event["quantity"]
        if event["phase"] != "single":
            gifts = self._grown(event)
        if not gifts:
            self.counts["unchanged"] += 1
            return
        self.counts["counted"] += 1
        at = event["event_time_ms"]
        if at // MINUTE_MS * MINUTE_MS + MINUTE_MS + LATENESS_MS <= watermark:
            self.counts["late"] += 1
        total = self.totals[event["stream_id"], event["value_unit"]]
        total[0] += gifts * event["unit_value"]
        total[1] += gifts

    def _grown(self, event: dict[str, Any]) -> int:
        names = ("stream_id", "sender_id", "recipient_id", "gift_id", "streak_id")
        key = tuple(event.get(name) or "" for name in names)
        grown = max(0, event["quantity"] - self._streaks[key])
        self._streaks[key] += grown
        return int(grown)


def readable(send: Send) -> dict[str, Any] | None:
    """Return the event, or None if the record can not be counted."""
    if send.value is None or len(send.value) > 16_384:
        return None
    try:
        event: dict[str, Any] = orjson.loads(send.value)
    except orjson.JSONDecodeError:
        return None
    good = (
        {"gift_id", "sender_id"} <= event.keys()
        and isinstance(event["quantity"], int)
        and event["quantity"] > 0
        and event["platform"] != "myspace"
        and " " not in (event["sender_id"] or "")
        and event["event_time_ms"] > 1_420_070_400_000
        and send.key == event["stream_id"].encode()
    )
    return event if good else None
