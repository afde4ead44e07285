"""Bytes become a gift event, or a reason; they never raise."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect
from msgspec.structs import fields

from agents.domain import decode as module
from agents.domain.classify import classify
from agents.domain.decode import decode
from agents.domain.event import Event
from agents.domain.reject import DETAIL_CHARS, Rejected
from schemas.dead_letter import Reason
from schemas.gift import GiftEvent
from schemas.ids import MAX_VALUE, Id
from schemas.nesting import too_deep
from tests.builders import as_json, encoded, gift
from tests.corpus import HOSTILE, ODD, Hostile, Odd
from tests.domain.events import parts

SHAPE_AND_CONTENT = ("not_json", "missing_field", "bad_type", "out_of_range", "bad_id")
UNDECODABLE = [hostile for hostile in HOSTILE if hostile.reason in SHAPE_AND_CONTENT]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ids = st.text(st.characters(min_codepoint=30, max_codepoint=130), max_size=4) | st.just("x" * 129)
likely = {
    "event_id": st.sampled_from(["tiktok:e", "kick:e", "e", "tiktok:e\n", "tiktok:e|", ""]),
    "platform": st.sampled_from(["tiktok", "kick", "TikTok"]),
    "stream_id": st.sampled_from(["tiktok:s", "kick:s", "s", "tiktok:s s"]),
    **{name: ids | st.none() for name in ("channel_id", "sender_id", "gift_id", "streak_id", "recipient_id")},
    **{name: st.integers(-1, 3) | st.just(MAX_VALUE) for name in ("unit_value", "quantity", "total_value")},
    "value_unit": st.sampled_from(["coin", "minor:EUR", "minor:eur", "coins", "coin\n"]),
    "event_time_ms": st.integers(),
    "phase": st.sampled_from(["single", "streak_update", "streak_end", "combo"]),
    "kind": st.sampled_from(["gift", "cheer", "raid"]),
    "region": st.sampled_from([None, "DE", "D E", "DE\n", ""]),
    "sender_name": st.text(max_size=3) | st.none(),
    "anonymous": st.booleans(),
    "paid": st.booleans(),
}
changes = st.fixed_dictionaries({}, optional={name: value | json_values for name, value in likely.items()})


def strict(value: bytes) -> GiftEvent | None:
    """The specification: GiftEvent with all its patterns, then the relations in words of DESIGN.md."""
    try:
        event = msgspec.json.decode(value, type=GiftEvent)
    except (ValueError, RecursionError):
        return None
    right = [
        not too_deep(value),
        event.event_id.split(":")[0] == event.platform and ":" in event.event_id,
        event.stream_id.split(":")[0] == event.platform and ":" in event.stream_id,
        event.anonymous if event.sender_id is None else not event.anonymous,
        event.phase == "single" or event.streak_id is not None,
        event.total_value is not None or event.unit_value * event.quantity <= MAX_VALUE,
    ]
    return event if all(right) else None


def assert_as_specified(value: bytes) -> None:
    result, expected = decode(value), strict(value)
    assert (None if isinstance(result, Rejected) else parts(result)) == (expected and parts(expected))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_odd_but_valid_events_are_accepted_as_they_are(odd: Odd) -> None:
    event = decode(odd.value)
    assert isinstance(event, Event)
    assert parts(event) == parts(msgspec.json.decode(odd.value, type=GiftEvent))


@pytest.mark.parametrize("hostile", UNDECODABLE, ids=lambda hostile: hostile.name)
def test_hostile_values_get_their_reason(hostile: Hostile) -> None:
    assert hostile.value is not None
    rejection = decode(hostile.value)
    assert isinstance(rejection, Rejected)
    assert rejection.reason == hostile.reason
    assert len(rejection.detail) <= DETAIL_CHARS


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"quantity": "x"}, "$.quantity: found string; allowed: integer; send it in that JSON type"),
        ({"sender_id": 5}, "$.sender_id: found integer; allowed: string or null; send it in that JSON type"),
        ({"quantity": 0}, "$.quantity: out of range; allowed: 1 to 1000000000; correct it at the producer"),
        (
            {"phase": "combo"},
            "$.phase: out of range; allowed: single, streak_end, streak_update; correct it at the producer",
        ),
        (
            {"gift_id": "a b"},
            "$.gift_id: not an id; allowed: 1 to 128 printable ASCII characters without space or |; "
            "send the platform's id",
        ),
        ({"event_id": "e1"}, "$.event_id: wrong prefix; allowed: platform:id; begin it with the platform"),
        ({"sender_id": None}, "$.sender_id: null; allowed: null if anonymous; add it, or set anonymous"),
    ],
)
def test_the_detail_names_the_path_what_is_allowed_and_the_fix(change: dict[str, Any], detail: str) -> None:
    assert decode(as_json(gift() | change)) == Rejected(_reason(change), detail)


def _reason(change: dict[str, Any]) -> Reason:
    rejection = decode(as_json(gift() | change))
    assert isinstance(rejection, Rejected)
    return rejection.reason


@pytest.mark.parametrize("field", ["platform", "value_unit", "gift_id", "phase", "region", "kind"])
def test_the_detail_never_quotes_the_payload(field: str) -> None:
    rejection = decode(as_json(gift() | {field: "my secret`, got `"}))
    assert isinstance(rejection, Rejected)
    assert "secret" not in rejection.detail


@given(changes, st.randoms(use_true_random=False))
def test_the_order_of_fields_decides_nothing(change: dict[str, Any], random: Any) -> None:
    event = gift(event_id="tiktok:e") | change
    shuffled = list(event.items())
    random.shuffle(shuffled)
    value = as_json(dict(shuffled))
    assert_as_specified(value)
    assert strict(value) == strict(as_json(event))


@given(changes)
def test_exactly_the_events_of_the_specification_are_accepted(change: dict[str, Any]) -> None:
    value = as_json(gift() | change)
    assert_as_specified(value)


@given(st.sampled_from([field.name for field in fields(GiftEvent)]), st.text(max_size=3))
def test_every_character_is_judged_as_the_pattern_judges_it(name: str, text: str) -> None:
    value = as_json(gift(event_id="tiktok:e") | {name: "tiktok:" + text if name.endswith("_id") else text})
    assert_as_specified(value)


@given(st.binary())
def test_arbitrary_bytes_are_rejected_and_never_raise(value: bytes) -> None:
    assert isinstance(decode(value), Rejected)


@given(json_values)
def test_arbitrary_json_is_rejected_and_never_raises(value: Any) -> None:
    assert isinstance(decode(json.dumps(value).encode()), Rejected)


@given(st.data())
def test_damaged_events_never_raise(data: st.DataObject) -> None:
    event = bytearray(encoded(sender_name="Ann", phase="streak_update"))
    for _ in range(data.draw(st.integers(1, 4))):
        event[data.draw(st.integers(0, len(event) - 1))] = data.draw(st.integers(0, 255))
    value = bytes(event)
    assert_as_specified(value)


@given(st.binary() | changes.map(lambda change: as_json(gift() | change)))
def test_classify_itself_never_raises(value: bytes) -> None:
    assert isinstance(classify(value), Rejected)


def test_every_pattern_of_the_schema_is_checked_by_the_fast_way() -> None:
    patterned = [name for name, kind in _leaves(GiftEvent) if getattr(kind, "pattern", None)]
    assert len(patterned) == 9
    for name in patterned:
        rejection = decode(as_json(gift(phase="streak_update") | {name: "tiktok:a b"}))
        assert isinstance(rejection, Rejected), name


def test_the_lenient_twin_differs_in_patterns_only() -> None:
    assert _leaves(module._lenient.type) == [(name, _without_pattern(kind)) for name, kind in _leaves(GiftEvent)]
    assert [field.default for field in fields(module._lenient.type)] == [field.default for field in fields(GiftEvent)]


def _leaves(struct: Any) -> list[tuple[str, Any]]:
    """Return each field's name with each type it may have, without descriptions."""
    found = inspect.type_info(struct)
    assert isinstance(found, inspect.StructType)
    return [
        (field.name, one.type if isinstance(one, inspect.Metadata) else one)
        for field in found.fields
        for one in (field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,))
    ]


def _without_pattern(kind: Any) -> Any:
    return msgspec.structs.replace(kind, pattern=None) if isinstance(kind, inspect.StrType) else kind


def test_the_alphabet_of_ids_is_that_of_their_pattern() -> None:
    judge = module._regex(Id).match
    for code in range(0x3000):
        good = judge(f"a{chr(code)}") is not None
        assert module._in_alphabet(f"a{chr(code)}", escapes=True) is good, hex(code)
        if code >= 0x20:
            assert module._in_alphabet(f"a{chr(code)}", escapes=False) is good, hex(code)


@pytest.mark.parametrize("escaped", [r"\n", r"\u0000", r"\u001F", r"\u007f", r"\u0041", r"\/", r"\""])
def test_an_escaped_character_of_an_id_is_judged_as_what_it_stands_for(escaped: str) -> None:
    value = msgspec.json.encode(gift(sender_id="ESCAPED")).replace(b"ESCAPED", escaped.encode())
    judged = decode(value)
    character = msgspec.json.decode(f'"{escaped}"')
    assert isinstance(judged, Event) is character.isprintable()
