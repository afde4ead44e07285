"""The rows of engagement against the recount, as far as they are no statistics.

Compared are the buckets of the first and the newest gift, and what was given, and by whom, in each recent bucket: its
tally. The baseline, the confirmations and the spike itself are the detector's judgement, and are not told again here.

A row is evaluated whenever its worker comes to it, so its boundary `at` may be any since its last gift; the recent
buckets are those of that boundary. Tallies of older ones linger until another bucket takes their slot, and say
nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from msgspec.structs import asdict

from app.audit.difference import difference
from app.audit.fate import Fate
from app.audit.state_boards import Case
from app.audit.state_rows import (
    BUCKET_MS,
    FORGET_BUCKETS,
    MOST_GIFTERS,
    RECENT_BUCKETS,
    FirstEngagement,
    Given,
    Key,
    RowError,
    read_engagement,
    read_key,
    read_tally,
    row_key,
)
from schemas.gift import GiftEvent


@dataclass(slots=True)
class Crowd:
    """What was given to one stream lately; `at` is the boundary of its last gift."""

    first: int
    newest: int
    at: int
    tainted: bool
    recent: dict[int, Given] = field(default_factory=dict)

    def forgotten(self, at: int) -> bool:
        """Say whether the stream has been without gifts for so long that it begins anew."""
        return at - self.newest > FORGET_BUCKETS

    def since(self, at: int) -> dict[int, Given]:
        """Return the tallies that are recent at a boundary, by bucket."""
        return {bucket: tally for bucket, tally in self.recent.items() if bucket >= at - RECENT_BUCKETS}

    def add(self, event: GiftEvent, sends: int, value: int, at: int) -> None:
        """Add a gift, when the watermark is at a boundary. One that is late for the recent buckets is in none."""
        bucket = event.event_time_ms // BUCKET_MS
        self.newest = max(self.newest, bucket)
        self.at = at
        if bucket > at - RECENT_BUCKETS:
            held = self.recent.setdefault(bucket, Given())
            held.sends += sends
            held.values[event.value_unit] = held.values.get(event.value_unit, 0) + value
            gifter = event.sender_id or ""
            if gifter in held.gifters or len(held.gifters) < MOST_GIFTERS:
                held.gifters[gifter] = held.gifters.get(gifter, 0) + sends
        for old in [bucket for bucket in self.recent if bucket < at - RECENT_BUCKETS]:
            del self.recent[old]


class Crowds:
    """The engagement of one partition. `note` each record in offset order, then `finish` at the position."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._crowds: dict[str, Crowd] = {}
        self._sweep_at = 0
        self._at: dict[str, int] = {}
        self._told: set[tuple[str, int]] = set()

    def note(self, fate: Fate, watermark: int) -> None:
        """Take in what became of the next record; `watermark` is the one before it, in ms."""
        at = watermark // BUCKET_MS
        if fate.what == "counted" and fate.event is not None:
            stream, bucket = fate.event.stream_id, fate.event.event_time_ms // BUCKET_MS
            crowd = self._crowds.get(stream)
            if crowd is None or crowd.forgotten(at):
                may_go_on = self._case.recount.has_lost_within((FORGET_BUCKETS + 1) * BUCKET_MS, watermark)
                crowd = self._crowds[stream] = Crowd(max(bucket, at), bucket, at, may_go_on)
            crowd.tainted = crowd.tainted or fate.is_tainted
            crowd.add(fate.event, fate.sends, fate.value, at)
        if at >= self._sweep_at:
            self._sweep_at = at + FORGET_BUCKETS
            self._sweep(at)

    def finish(self) -> None:
        """Compare each row, and see that none is missing."""
        state, at = self._case.state, self._case.recount.watermark // BUCKET_MS
        for key, value in state.rows("engagement").items():
            self._judge(key, partial(self._row, value, at))
        for key, value in state.rows("tallies").items():
            self._judge(key, partial(self._tally, value))
        for stream, crowd in self._crowds.items():
            if not crowd.tainted:
                self._see_that_none_is_missing(stream, crowd, at)

    def _judge(self, key: bytes, differs: Callable[[Key, Crowd], str | None]) -> None:
        parts, verdicts = read_key(key), self._case.verdicts
        crowd = self._crowds.get(parts.group)
        if crowd.tainted if crowd else self._case.recount.has_lost:
            verdicts.unverifiable(parts.family)
        elif crowd is None:
            verdicts.compared(parts.family, key, "expected no row: the stream was given nothing", "extra")
        else:
            verdicts.compared(parts.family, key, differs(parts, crowd))

    def _row(self, value: bytes, at: int, key: Key, crowd: Crowd) -> str | None:
        try:
            row = read_engagement(value)
        except RowError as error:
            return str(error)
        if not crowd.at <= row.at <= at:
            return f"at: expected from {crowd.at} to {at}, found {row.at}"
        expected, found = {"first": crowd.first, "newest": crowd.newest}, {"first": row.first, "newest": row.newest}
        if isinstance(row, FirstEngagement):
            return difference(expected | _shown(crowd.since(row.at)), found | _shown(row.recent))
        self._at[key.group] = row.at
        return difference(expected, found)

    def _tally(self, value: bytes, key: Key, crowd: Crowd) -> str | None:
        try:
            found = read_tally(value, key.member)
        except RowError as error:
            return str(error)
        if found.bucket < self._at.get(key.group, crowd.at) - RECENT_BUCKETS:
            return None
        expected, place = crowd.recent.get(found.bucket), (key.group, found.bucket)
        if expected is None or place in self._told:
            return f"expected no{' second' if expected else ''} tally of bucket {found.bucket}"
        self._told.add(place)
        return difference(asdict(expected) | {"bucket": found.bucket}, asdict(found))

    def _see_that_none_is_missing(self, stream: str, crowd: Crowd, at: int) -> None:
        state, verdicts, key = self._case.state, self._case.verdicts, row_key("engagement", stream)
        if key not in state.rows("engagement"):
            if not crowd.forgotten(at):
                verdicts.find("missing", "engagement", key, f"newest: expected {crowd.newest}, found no row")
        elif (row_at := self._at.get(stream)) is not None:
            for bucket, given in crowd.since(row_at).items():
                if (stream, bucket) not in self._told:
                    detail = f"bucket {bucket}: expected {given.sends} sends, found no row"
                    verdicts.find("missing", "tallies", row_key("tallies", stream), detail)

    def _sweep(self, at: int) -> None:
        """Let go of who would begin anew, if no row is left to be compared."""
        rows = self._case.state.rows("engagement")
        past = [stream for stream, crowd in self._crowds.items() if crowd.forgotten(at)]
        for stream in past:
            if row_key("engagement", stream) not in rows:
                del self._crowds[stream]


def _shown(recent: dict[int, Given]) -> dict[str, Any]:
    return {"recent": {str(at): asdict(tally) for at, tally in recent.items()}}
