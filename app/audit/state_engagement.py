"""The rows of engagement against the recount, as far as they are no statistics.

Compared are the buckets of the first and the newest gift, and what was given, and by whom, in each recent bucket. The
baseline, the confirmations and the spike itself are the detector's judgement, and are not told again here.

A row is evaluated whenever its worker comes to it, so its boundary `at` may be any since its last gift; the recent
buckets are those of that boundary.
"""

from dataclasses import dataclass, field
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
    Bucket,
    Engagement,
    RowError,
    read_key,
    read_row,
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
    recent: dict[int, Bucket] = field(default_factory=dict)

    def forgotten(self, at: int) -> bool:
        """Say whether the stream has been without gifts for so long that it begins anew."""
        return at - self.newest > FORGET_BUCKETS

    def add(self, event: GiftEvent, sends: int, value: int, at: int) -> None:
        """Add a gift, when the watermark is at a boundary. One that is late for the recent buckets is in none."""
        bucket = event.event_time_ms // BUCKET_MS
        self.newest = max(self.newest, bucket)
        self.at = at
        if bucket > at - RECENT_BUCKETS:
            held = self.recent.setdefault(bucket, Bucket())
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
        rows, at = self._case.state.rows("engagement"), self._case.recount.watermark // BUCKET_MS
        for key, value in rows.items():
            self._compare(key, value, at)
        for stream, crowd in self._crowds.items():
            key = row_key("engagement", stream)
            if key not in rows and not crowd.forgotten(at) and not crowd.tainted:
                self._case.verdicts.find("missing", "engagement", key, f"newest: expected {crowd.newest}, found no row")

    def _compare(self, key: bytes, value: bytes, at: int) -> None:
        crowd, verdicts = self._crowds.get(read_key(key).group), self._case.verdicts
        if crowd.tainted if crowd else self._case.recount.has_lost:
            verdicts.unverifiable("engagement")
        elif crowd is None:
            verdicts.compared("engagement", key, "expected no row: the stream was given nothing", "extra")
        else:
            verdicts.compared("engagement", key, _difference(crowd, value, at))

    def _sweep(self, at: int) -> None:
        """Let go of who would begin anew, if no row is left to be compared."""
        rows = self._case.state.rows("engagement")
        past = [stream for stream, crowd in self._crowds.items() if crowd.forgotten(at)]
        for stream in past:
            if row_key("engagement", stream) not in rows:
                del self._crowds[stream]


def _difference(crowd: Crowd, value: bytes, at: int) -> str | None:
    try:
        row = read_row(value, Engagement)
    except RowError as error:
        return str(error)
    if not crowd.at <= row.at <= at:
        return f"at: expected from {crowd.at} to {at}, found {row.at}"
    recent = {bucket: held for bucket, held in crowd.recent.items() if bucket >= row.at - RECENT_BUCKETS}
    return difference(_shown(crowd.first, crowd.newest, recent), _shown(row.first, row.newest, row.recent))


def _shown(first: int, newest: int, recent: dict[int, Bucket]) -> dict[str, Any]:
    return {"first": first, "newest": newest, "recent": {str(at): asdict(held) for at, held in recent.items()}}
