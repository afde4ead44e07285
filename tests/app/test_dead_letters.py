"""Dead letters as they are read, and what of them can be sent back."""

from types import SimpleNamespace
from typing import Any

from app.dead_letters import parse, stream_id


def a_gift(**changes: Any) -> dict[str, Any]:
    return {
        "event_id": "tiktok:e1",
        "platform": "tiktok",
        "stream_id": "tiktok:1",
        "channel_id": "c1",
        "sender_id": "s1",
        "gift_id": "5655",
        "unit_value": 1,
        "value_unit": "coin",
        "quantity": 1,
        "event_time_ms": 1_790_000_000_000,
        "phase": "single",
        **changes,
    }


def a_record(value: bytes | None = b"{", **headers: str) -> SimpleNamespace:
    pairs = [(f"giftstream.{name}", text.encode()) for name, text in headers.items()]
    return SimpleNamespace(timestamp=5, key=b"k", value=value, headers=pairs)


def test_the_headers_say_why_and_from_where() -> None:
    letter = parse(a_record(reason="not_json", detail="at byte 1", topic="gifts.v1", partition="3", offset="17"))
    assert (letter.reason, letter.detail, letter.topic) == ("not_json", "at byte 1", "gifts.v1")
    assert (letter.partition, letter.offset, letter.at_ms, letter.cut) == ("3", "17", 5, False)


def test_a_letter_of_which_only_the_beginning_was_kept_is_known() -> None:
    assert parse(a_record(reason="too_large", size="9", sha256="ab")).cut


def test_a_summary_shows_the_first_bytes_and_how_many_there_are() -> None:
    shown = parse(a_record(b"\xff" + b"x" * 999, reason="not_json")).summary()
    assert (len(shown["value"]), shown["bytes"]) == (200, 1000)


def test_bytes_go_back_under_the_stream_that_they_name() -> None:
    assert stream_id(b'{"stream_id": "tiktok:1"}') == b"tiktok:1"
    for value in (None, b"", b"{", b"[]", b'{"stream_id": 5}', b'{"stream_id": ""}'):
        assert stream_id(value) is None
