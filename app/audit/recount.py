"""One partition of the source log, counted again from its first kept record.

Sequential and plain on purpose: this is what the boards are measured against. Times are in ms.

When the log no longer starts at offset 0, the recount cannot know what the lost records did, and says which tallies
they may have touched. Append times do not fall, so no lost record moved the watermark beyond the append time of
the first kept one, nor had an event time over MAX_AHEAD_MS past that, nor is its id remembered once the watermark
is a horizon further. Until it is there, and for streaks that began before, every tally touched is tainted.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from app.audit.admission import MAX_AHEAD_MS, Admission, SourceRecord
from app.audit.calendar import BROADCAST, HOUR_MS, MINUTE_MS, RETENTION_MS, Calendar
from app.audit.counts import Counts
from app.audit.fate import Fate
from app.audit.memory import Keeper, Memory, Streak, StreakKey
from app.audit.options import AuditOptions
from app.audit.tally import Tally
from schemas.board import Window
from schemas.gift import GiftEvent

NOTHING: Final = (0, 0)
KEEPS_NOTHING: Final = Keeper()
K = TypeVar("K")


class Recount:
    """The exact content of every board of one partition, after each record that is applied.

    `streams` holds the tallies of gifter boards and totals, `scopes` those of the partition's own top streams, both
    by board key, `owner|unit|window|start_ms`; `streaks` the streaks within the horizon. What is past its time goes,
    unless the keeper says that it is still to be compared.
    """

    def __init__(
        self, options: AuditOptions, partition: int, log_start: int = 0, keeper: Keeper = KEEPS_NOTHING
    ) -> None:
        self.options = options
        self.partition = partition
        self.counts = Counts()
        self.watermark = 0
        self.streams: dict[str, Tally] = {}
        self.scopes: dict[str, Tally] = {}
        self._admission = Admission(options, partition)
        self._calendar = Calendar(options.time_zone)
        self.streaks: dict[StreakKey, Streak] = {}
        self._keeper = keeper
        self._seen: dict[tuple[str, str], Memory] = {}
        self.has_lost = log_start > 0
        self._lost_until = 0
        self._tainted: set[str] = set()
        self._forget_at = self._expire_at = 0

    def apply(self, record: SourceRecord) -> Fate:
        """Count the record, and say what became of it. Records come in offset order."""
        if self.has_lost and self._lost_until == 0:
            self._lost_until = record.timestamp + MAX_AHEAD_MS
        verdict = self._admission.judge(record)
        if not isinstance(verdict, GiftEvent):
            self.counts.reject(verdict)
            return Fate("dead_letter", reason=verdict)
        if verdict.event_time_ms < self.watermark - self.options.horizon_ms:
            self.counts.reject("too_old")
            return Fate("dead_letter", verdict, reason="too_old")
        fate = self._count(verdict, record.offset)
        self._advance(min(verdict.event_time_ms, record.timestamp))
        return fate

    def is_expired(self, tally: Tally) -> bool:
        """Say whether the watermark is past the retention of the tally's board."""
        return self.watermark > expires(tally)

    def closes(self, window: Window) -> int | None:
        """Return the watermark from which nothing can come into a window; None for the broadcast."""
        if window.end_ms is None:
            return None
        return window.end_ms + (self.options.lateness_ms if window.name == "1m" else self.options.horizon_ms)

    def is_uncertain(self, key: str) -> bool:
        """Say whether records that the log has lost may have touched the board under a well-formed key."""
        if not self.has_lost or self._lost_until == 0:
            return self.has_lost
        _, _, window, start_ms = key.split("|")
        return window == BROADCAST.name or int(start_ms) <= self._lost_until or key in self._tainted

    def has_lost_within(self, span_ms: int, watermark: int) -> bool:
        """Say whether the log has lost records that may lie no longer than a span before a watermark."""
        return self.has_lost and (self._lost_until == 0 or watermark <= self._lost_until + span_ms)

    def remembers(self, heard_ms: int) -> bool:
        """Say whether what was heard of at that time is within the horizon."""
        return heard_ms + self.options.horizon_ms >= self.watermark

    def _count(self, event: GiftEvent, offset: int) -> Fate:
        tainted = self.has_lost_within(self.options.horizon_ms, self.watermark)
        memory, is_known = self._recall(event, offset, tainted)
        if is_known:
            self.counts.duplicates += 1
            if memory.tainted:
                self._taint(event)
            return Fate("duplicate", event, memory=memory, is_tainted=memory.tainted)
        sends, value = event.quantity, value_of(event)
        if event.phase != "single":
            sends, value, tainted = self._beyond(event, sends, value, tainted)
        if tainted:
            self._taint(event)
        if (sends, value) == NOTHING:
            self.counts.unchanged += 1
            return Fate("unchanged", event, memory=memory, is_tainted=tainted)
        self.counts.counted += 1
        is_late = self._add(event, offset, sends, value)
        return Fate("counted", event, sends, value, is_late, memory, tainted)

    def _recall(self, event: GiftEvent, offset: int, tainted: bool) -> tuple[Memory, bool]:
        """Return the memory of the event's id, and whether there was one; if not, it is remembered from now on."""
        id = (event.stream_id, event.event_id)
        memory = self._seen.get(id)
        if memory is not None and self.remembers(memory.heard_ms):
            return memory, True
        memory = self._seen[id] = Memory(offset, max(event.event_time_ms, self.watermark), tainted)
        return memory, False

    def _beyond(self, event: GiftEvent, sends: int, value: int, tainted: bool) -> tuple[int, int, bool]:
        """Return what a frame adds to the most that its streak has said, and whether that is tainted."""
        key = streak_key(event)
        streak = self.streaks.get(key)
        if streak is None or not self.remembers(streak.heard_ms):
            streak = self.streaks[key] = Streak(tainted=tainted)
        more = max(0, sends - streak.sends), max(0, value - streak.value)
        streak.sends, streak.value = max(sends, streak.sends), max(value, streak.value)
        streak.heard_ms = max(streak.heard_ms, event.event_time_ms, self.watermark)
        return *more, tainted or streak.tainted

    def _add(self, event: GiftEvent, offset: int, sends: int, value: int) -> bool:
        """Add to every board that the event belongs to; return whether it is too late for the first, the minute's."""
        windows = self._calendar.windows(event.event_time_ms)
        is_late = (self.closes(windows[0]) or 0) <= self.watermark
        if is_late:
            self.counts.late += 1
            windows = windows[1:]
        for window in (*windows, BROADCAST):
            tally = self._tally(self.streams, event.stream_id, event.value_unit, window)
            tally.add(event, offset, sends, value)
            tally.add_gift(event, sends, value)
            if event.sender_id is not None:
                tally.add_line(event.sender_id, event.sender_name, event, sends, value)
        for scope in scopes_of(event):
            for window in windows:
                tally = self._tally(self.scopes, scope, event.value_unit, window)
                tally.add(event, offset, sends, value)
                tally.add_line(event.stream_id, event.channel_name, event, sends, value)
        return is_late

    def _tally(self, tallies: dict[str, Tally], owner: str, unit: str, window: Window) -> Tally:
        """Return the tally, a new one if there is none or its board has had its tombstone."""
        key = board_key(owner, unit, window)
        tally = tallies.get(key)
        if tally is None or self.is_expired(tally):
            tally = tallies[key] = Tally(owner, unit, window)
        return tally

    def _taint(self, event: GiftEvent) -> None:
        windows = self._calendar.windows(event.event_time_ms)
        owners = (event.stream_id, *scopes_of(event))
        self._tainted.update(board_key(owner, event.value_unit, w) for owner in owners for w in windows)

    def _advance(self, moment_ms: int) -> None:
        """Move the watermark, and now and then drop what can no longer matter."""
        self.watermark = max(self.watermark, moment_ms)
        keeper = self._keeper
        if self.watermark >= self._forget_at:
            self._forget_at = self.watermark + max(self.options.horizon_ms, MINUTE_MS)
            self._seen = {id: seen for id, seen in self._seen.items() if self.remembers(seen.heard_ms)}
            past = [key for key, streak in self.streaks.items() if not self.remembers(streak.heard_ms)]
            _drop(self.streaks, past, keeper.keeps_streak)
        if self.watermark >= self._expire_at:
            self._expire_at = self.watermark + HOUR_MS
            _drop(self.streams, self._expired(self.streams), keeper.keeps_board)
            _drop(self.scopes, self._expired(self.scopes), keeper.keeps_scope)

    def _expired(self, tallies: dict[str, Tally]) -> list[str]:
        return [key for key, tally in tallies.items() if self.is_expired(tally)]


def _drop(held: dict[K, Any], past: list[K], keeps: Callable[[K], bool]) -> None:
    for key in past:
        if not keeps(key):
            del held[key]


def expires(tally: Tally) -> int:
    """Return the last watermark at which the tally's board is kept."""
    end = tally.last_event_ms if tally.window.end_ms is None else tally.window.end_ms
    return end + RETENTION_MS[tally.window.name]


def streak_key(event: GiftEvent) -> StreakKey:
    """Return what tells the event's streak from others."""
    return (
        event.stream_id,
        event.sender_id or "",
        event.recipient_id or "",
        event.gift_id,
        event.streak_id or "",
    )


def value_of(event: GiftEvent) -> int:
    """Return what the event says was given, in native units; what was not paid for is worth 0."""
    if not event.paid:
        return 0
    return event.unit_value * event.quantity if event.total_value is None else event.total_value


def scopes_of(event: GiftEvent) -> tuple[str, ...]:
    """Return the scopes whose boards rank the event's stream."""
    return ("global",) if event.region is None else ("global", f"region:{event.region}")


def board_key(owner: str, unit: str, window: Window) -> str:
    """Return the key under which a board is published."""
    return f"{owner}|{unit}|{window.name}|{window.start_ms}"
