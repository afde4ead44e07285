"""What can be read of a source record, be it a gift or not, to tell which boards it was meant for."""

from typing import Any, NamedTuple

import msgspec
from msgspec import to_builtins

from app.audit.admission import FIRST_EVENT_MS, MAX_AHEAD_MS, SourceRecord
from app.audit.board_key import BoardKey
from app.audit.calendar import Calendar
from schemas.gift import GiftEvent
from schemas.nesting import too_deep


class Sketch(NamedTuple):
    """The fields that matter, None where they cannot be read; `sender` is empty where there is none.

    `streams` are those that key and value name. `time_ms` is the event time, or the append time where the event time is
    none that a gift may have.
    """

    streams: frozenset[str]
    time_ms: int
    event_time_ms: int | None
    unit: str | None
    region: str | None
    event_id: str | None
    sender: str | None
    gift: str | None

    def is_of(self, key: BoardKey, member: str | None, calendar: Calendar) -> bool:
        """Say whether nothing that can be read speaks against a board, and against one member of it."""
        if key.is_scope:
            is_owned = key.region is None or key.region == self.region
            is_member = member is None or member in self.streams
        else:
            is_owned = key.owner in self.streams
            is_member = member is None or self.sender in (None, member)
        if not (is_owned and is_member and self.unit in (None, key.unit)):
            return False
        return key.window.end_ms is None or key.window in calendar.windows(self.time_ms)


def sketch(record: SourceRecord, event: GiftEvent | None) -> Sketch:
    """Read what can be read; `event` is the record's, if it is a gift."""
    told = _told(record.value) if event is None else to_builtins(event)
    at_ms = told.get("event_time_ms")
    event_time_ms = at_ms if type(at_ms) is int else None
    is_possible = event_time_ms is not None and FIRST_EVENT_MS <= event_time_ms <= record.timestamp + MAX_AHEAD_MS
    named = (_text(told, "stream_id"), (record.key or b"").decode(errors="replace") or None)
    return Sketch(
        streams=frozenset(name for name in named if name is not None),
        time_ms=event_time_ms if is_possible and event_time_ms is not None else record.timestamp,
        event_time_ms=event_time_ms,
        unit=_text(told, "value_unit"),
        region=_text(told, "region"),
        event_id=_text(told, "event_id"),
        sender="" if told.get("sender_id", "") is None else _text(told, "sender_id"),
        gift=_text(told, "gift_id"),
    )


def _told(value: bytes | None) -> dict[str, Any]:
    if value is None or too_deep(value):
        return {}
    try:
        told = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(told: dict[str, Any], name: str) -> str | None:
    text = told.get(name)
    return text if isinstance(text, str) and text else None
