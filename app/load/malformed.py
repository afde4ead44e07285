"""Records that can not be counted, one way for each reason that a producer alone can bring about.

`wrong_partition` and `quarantined` are left out: they take another partitioner, or an operator.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from schemas.dead_letter import Reason

MAX_VALUE_BYTES: Final = 16_384


class Spoilt(NamedTuple):
    """What became of a good record, and the reason that must be given for it."""

    reason: Reason
    key: bytes | None
    value: bytes | None


def spoil(turn: int, key: bytes, value: bytes) -> Spoilt:
    """Return a good record made bad, in another way each turn."""
    return _WAYS[turn % len(_WAYS)](key, value)


def _without(reason: Reason, name: str) -> Callable[[bytes, bytes], Spoilt]:
    def way(key: bytes, value: bytes) -> Spoilt:
        event: dict[str, Any] = orjson.loads(value)
        del event[name]
        return Spoilt(reason, key, orjson.dumps(event))

    return way


def _with(reason: Reason, **members: Any) -> Callable[[bytes, bytes], Spoilt]:
    def way(key: bytes, value: bytes) -> Spoilt:
        return Spoilt(reason, key, orjson.dumps(orjson.loads(value) | members))

    return way


_WAYS: Final[tuple[Callable[[bytes, bytes], Spoilt], ...]] = (
    lambda key, value: Spoilt("not_json", key, value[: len(value) // 2]),
    _without("missing_field", "gift_id"),
    _with("bad_type", quantity="three"),
    _with("out_of_range", quantity=0),
    _with("bad_id", sender_id="a gifter|with spaces", anonymous=False),
    lambda key, value: Spoilt("bad_key", None, value),
    lambda key, value: Spoilt("key_mismatch", key + b"0", value),
    lambda key, value: Spoilt("null_value", key, None),
    _with("too_large", gift_name="x" * MAX_VALUE_BYTES),
    lambda key, value: Spoilt("confluent_framing", key, b"\x00\x00\x00\x00\x07" + value),
    # seconds where milliseconds belong: 1970
    lambda key, value: Spoilt("bad_time", key, _in_seconds(value)),
    _without("missing_field", "sender_id"),
    _with("out_of_range", platform="myspace"),
    lambda key, value: Spoilt("bad_key", b"", value),
)


def _in_seconds(value: bytes) -> bytes:
    event: dict[str, Any] = orjson.loads(value)
    event["event_time_ms"] //= 1000
    return orjson.dumps(event)
