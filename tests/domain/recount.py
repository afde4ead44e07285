"""The plain recount of one partition in UTC: everything in dicts, nothing kept at hand, nothing forgotten early."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.builders import SimpleRecord

HORIZON, LATENESS, QUIET = 600_000, 30_000, 600_000
HOUR, DAY = 3_600_000, 86_400_000
SIZES = {"1m": 60_000, "1h": HOUR, "1d": DAY}
RETENTION = {"1m": HOUR, "1h": 2 * DAY, "1d": 8 * DAY, "stream": 8 * DAY}


@dataclass
class Entry:
    value: int = 0
    sends: int = 0
    reached_ms: int | None = None
    name: str | None = None
    channel_id: str = ""

    def add(self, quantity: int, value: int, at_ms: int, name: str | None, channel_id: str = "") -> None:
        if value or self.reached_ms is None:
            self.reached_ms = at_ms
        self.value += value
        self.sends += quantity
        self.name = name or self.name
        self.channel_id = channel_id


@dataclass
class Board:
    value: int = 0
    sends: int = 0
    offset: int = -1
    last_ms: int = 0
    channel: tuple[str, str | None] = ("", None)
    entries: dict[str, Entry] = field(default_factory=lambda: defaultdict(Entry))
    gifts: dict[str, Entry] = field(default_factory=lambda: defaultdict(Entry))

    def ranked(self) -> list[tuple[str, Entry]]:
        return sorted(self.entries.items(), key=lambda item: (-item[1].value, item[1].reached_ms or 0, item[0]))


class Recount:
    """Feed it all records; then `boards` and `scopes` hold every board there ever was, by public key."""

    def __init__(self, records: Iterable[SimpleRecord]) -> None:
        self.watermark = self._before = 0
        self.ledger: Counter[str] = Counter()
        self.boards: dict[str, Board] = defaultdict(Board)
        self.scopes: dict[str, Board] = defaultdict(Board)
        self._seen: dict[tuple[str, str], int] = {}
        self._streaks: dict[tuple[Any, ...], tuple[int, int, int]] = {}
        for record in records:
            self._record(record)
        self._before = self.watermark

    def is_over(self, key: str) -> bool:
        """Tell whether the retention of a board, of a stream or a scope, is over."""
        _, _, window, start = key.split("|")
        end = int(start) + SIZES[window] if window in SIZES else self.boards[key].last_ms
        return end + RETENTION[window] < self._before

    def _record(self, record: SimpleRecord) -> None:
        event = msgspec.json.decode(record.value or b"null")
        watermark = self._before = self.watermark
        if event is None or event["event_time_ms"] < watermark - HORIZON:
            self.ledger["dead_lettered"] += 1
            return
        self.watermark = max(watermark, min(event["event_time_ms"], record.timestamp))
        if self._is_duplicate(event, watermark):
            self.ledger["duplicates"] += 1
            return
        quantity, value = self._delta(event, watermark)
        if quantity == value == 0:
            self.ledger["unchanged"] += 1
            return
        self.ledger["counted"] += 1
        self._count(event, quantity, value, record.offset, watermark)

    def _is_duplicate(self, event: dict[str, Any], watermark: int) -> bool:
        key = event["stream_id"], event["event_id"]
        if key in self._seen and self._seen[key] + HORIZON >= watermark:
            return True
        self._seen[key] = max(event["event_time_ms"], watermark)
        return False

    def _delta(self, event: dict[str, Any], watermark: int) -> tuple[int, int]:
        quantity = event["quantity"]
        value = event.get("total_value", event["unit_value"] * quantity) if event.get("paid", True) else 0
        if event["phase"] == "single":
            return quantity, value
        names = ("stream_id", "sender_id", "recipient_id", "gift_id", "streak_id")
        key = tuple(event.get(name) for name in names)
        most, worth, at_ms = self._streaks.get(key, (0, 0, 0))
        if at_ms + HORIZON < watermark:
            most = worth = at_ms = 0
        self._streaks[key] = max(most, quantity), max(worth, value), max(at_ms, event["event_time_ms"], watermark)
        return max(0, quantity - most), max(0, value - worth)

    def _count(self, event: dict[str, Any], quantity: int, value: int, offset: int, watermark: int) -> None:
        at_ms, unit, stream = event["event_time_ms"], event["value_unit"], event["stream_id"]
        name, channel = event.get("channel_name"), event["channel_id"]
        scopes = ["global"] + ([f"region:{event['region']}"] if "region" in event else [])
        for window, start in [*((w, at_ms - at_ms % size) for w, size in SIZES.items()), ("stream", 0)]:
            if window == "1m" and start + 60_000 + LATENESS <= watermark:
                self.ledger["late"] += 1
                continue
            key = f"{stream}|{unit}|{window}|{start}"
            if self.is_over(key):
                del self.boards[key]
            board = self.boards[key]
            self._total(board, quantity, value, offset)
            board.last_ms = max(board.last_ms, at_ms)
            board.channel = channel, name or board.channel[1]
            board.gifts[event["gift_id"]].add(quantity, value, at_ms, event.get("gift_name"))
            if event["sender_id"] is not None:
                board.entries[event["sender_id"]].add(quantity, value, at_ms, event.get("sender_name"))
            for scope in scopes if window != "stream" else ():
                total = self.scopes[f"{scope}|{unit}|{window}|{start}"]
                self._total(total, quantity, value, offset)
                total.entries[stream].add(quantity, value, at_ms, name, channel)

    @staticmethod
    def _total(board: Board, quantity: int, value: int, offset: int) -> None:
        board.value += value
        board.sends += quantity
        board.offset = offset
