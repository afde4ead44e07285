"""Valid gift events and records, with everything that a test does not care about filled in."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

AT: Final = 1_760_000_400_000
"""2025-10-09T09:00:00Z: the default event time; a whole minute and hour."""

STREAM: Final = "tiktok:s1"
PARTITIONS: Final = 4
HOME: Final = 0
"""The partition of STREAM among PARTITIONS, by murmur2 and by crc32."""

_ids = count(1)


@dataclass(frozen=True, slots=True)
class SimpleRecord:
    """A record as the broker would keep it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def gift(
    stream: str = STREAM,
    sender: str | None = "u1",
    value: int = 5,
    quantity: int = 1,
    at: int = AT,
    phase: str = "single",
    streak: str | None = None,
    event_id: str | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return a valid event as a dict. `value` is the value of one piece, `at` the event time in ms.

    The platform is the stream's prefix, each event gets a new id, sender None means anonymous, and a streak
    phase gets a streak id. `fields` are set as they are, over everything else.
    """
    platform = stream.partition(":")[0]
    event = {
        "event_id": event_id or f"{platform}:e{next(_ids)}",
        "platform": platform,
        "stream_id": stream,
        "channel_id": "c1",
        "sender_id": sender,
        "gift_id": "rose",
        "unit_value": value,
        "value_unit": "coin",
        "quantity": quantity,
        "event_time_ms": at,
        "phase": phase,
    }
    if sender is None:
        event["anonymous"] = True
    if phase != "single":
        event["streak_id"] = streak or "k1"
    return event | fields


def encoded(**overrides: Any) -> bytes:
    """Return a valid event as compact JSON; arguments as for `gift`."""
    return as_json(gift(**overrides))


def as_json(event: dict[str, Any]) -> bytes:
    """Return any dict as compact JSON in UTF-8."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def record(
    offset: int = 0,
    value: dict[str, Any] | bytes | None = None,
    key: bytes | None = b"",
    timestamp: int | None = None,
) -> SimpleRecord:
    """Return a record. Key and append time default to a dict's stream and event time, else to STREAM and AT.

    b"" as `key` stands for that default; build a SimpleRecord to have an empty key.
    """
    event = value if isinstance(value, dict) else {}
    return SimpleRecord(
        offset=offset,
        timestamp=event.get("event_time_ms", AT) if timestamp is None else timestamp,
        key=str(event.get("stream_id", STREAM)).encode() if key == b"" else key,
        value=as_json(value) if isinstance(value, dict) else value,
    )
