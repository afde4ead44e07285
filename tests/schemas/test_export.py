"""The committed JSON Schemas are those of the Structs, and say the same of a value as the Structs do."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from schemas.board import (
    BoardTotals,
    Entry,
    GifterLeaderboard,
    GiftTotal,
    OtherGifts,
    Position,
    StreamEntry,
    StreamLeaderboard,
    StreamTotals,
    Window,
)
from schemas.dead_letter import DeadLetterHeaders
from schemas.export import DIALECT, FOLDER, PUBLIC, schemas, write
from schemas.gift import GiftEvent
from schemas.spike import BigGift, Contributor, SpikeUpdate
from tests.builders import AT, STREAM, gift
from tests.corpus import HOSTILE, ODD

MINUTE = Window("1m", AT, AT + 60_000)
BROADCAST = Window("stream", 0, None)
HERE = Position("gifts.v1", {"2": 41})
GIFTERS = GifterLeaderboard(
    board="gifters",
    stream_id=STREAM,
    unit="coin",
    window=MINUTE,
    entries=[Entry(1, 1, "u1", "Ann", 500, 5, AT), Entry(2, 2, "u2", None, 0, 1, AT)],
    totals=BoardTotals(500, 6, 2),
    is_final=False,
    position=HERE,
    revision=84,
)
STREAMS = StreamLeaderboard(
    board="streams",
    scope="region:DE",
    unit="minor:EUR",
    window=BROADCAST,
    entries=[StreamEntry(1, 1, STREAM, None, 500, 5, AT, "c1", None)],
    totals=BoardTotals(500, 5, 1),
    is_final=True,
    position=HERE,
    revision=85,
    incomplete=["0:17"],
)
TOTALS = StreamTotals(
    stream_id=STREAM,
    channel_id="c1",
    channel_name=None,
    unit="coin",
    window=MINUTE,
    value=500,
    sends=5,
    gifters=1,
    gifts=[GiftTotal("rose", "Rose", 500, 5)],
    other=OtherGifts(0, 0, 0),
    is_final=False,
    position=HERE,
    revision=84,
)
SPIKE = SpikeUpdate(
    kind="spike",
    spike_id=f"{STREAM}|spike|{AT}",
    stream_id=STREAM,
    phase="start",
    started_ms=AT,
    as_of_ms=AT + 5_000,
    gifters=9,
    expected=1.5,
    score=4.0,
    severity=1,
    peak_gifters=9,
    values={"coin": 90},
    sends=18,
    top=[Contributor("u1", 4)],
    cause=None,
    position=HERE,
)
BIG = BigGift(
    kind="big_gift",
    spike_id=f"{STREAM}|big_gift|tiktok:e1",
    stream_id=STREAM,
    event_id="tiktok:e1",
    sender_id=None,
    sender_name=None,
    gift_id="lion",
    gift_name="Lion",
    unit="coin",
    value=29_999,
    quantity=1,
    event_time_ms=AT,
    position=HERE,
)
SAMPLES: list[tuple[str, msgspec.Struct]] = [
    ("gifts.v1", msgspec.convert(gift(), GiftEvent)),
    ("gifts.v1", msgspec.convert(gift(sender=None, phase="streak_end", region="DE"), GiftEvent)),
    ("leaderboards.gifters.v1", GIFTERS),
    ("leaderboards.streams.v1", STREAMS),
    ("stream-totals.v1", TOTALS),
    ("engagement-spikes.v1", SPIKE),
    ("engagement-spikes.v1", BIG),
    (
        "gifts.dead-letter.v1",
        DeadLetterHeaders(reason="not_json", detail="empty", topic="gifts.v1", partition="2", offset="41"),
    ),
    (
        "gifts.dead-letter.v1",
        DeadLetterHeaders(
            reason="too_large", detail="", topic="t", partition="0", offset="0", size="9", sha256="0" * 64
        ),
    ),
]


def committed(topic: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8"))
    return schema


def validator(topic: str) -> Draft202012Validator:
    return Draft202012Validator(committed(topic))


def test_the_committed_files_are_the_generated_ones(tmp_path: Path) -> None:
    fresh = {path.name: path.read_bytes() for path in write(tmp_path)}
    assert fresh == {path.name: path.read_bytes() for path in FOLDER.glob("*")}
    assert all(content.endswith(b"}\n") for content in fresh.values())


@pytest.mark.parametrize("topic", PUBLIC)
def test_each_is_a_valid_schema_of_the_dialect_with_an_id_and_a_title(topic: str) -> None:
    schema = schemas()[topic]
    Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"]) == (DIALECT, f"urn:giftstream:{topic}")
    assert schema["title"]


@pytest.mark.parametrize(("topic", "sample"), SAMPLES, ids=lambda value: getattr(type(value), "__name__", None))
def test_samples_are_valid(topic: str, sample: msgspec.Struct) -> None:
    validator(topic).validate(msgspec.to_builtins(sample))


def test_every_public_value_has_a_sample() -> None:
    assert {type(sample) for _, sample in SAMPLES} == {kind for kinds in PUBLIC.values() for kind in kinds}


@pytest.mark.parametrize(("topic", "sample"), SAMPLES, ids=lambda value: getattr(type(value), "__name__", None))
def test_a_sample_without_a_required_field_is_invalid(topic: str, sample: msgspec.Struct) -> None:
    whole = msgspec.to_builtins(sample)
    required = next(f for f in msgspec.structs.fields(sample) if f.required).encode_name
    with pytest.raises(ValidationError):
        validator(topic).validate({name: value for name, value in whole.items() if name != required})


@pytest.mark.parametrize("change", [{"board": "streams"}, {"entries": None}, {"revision": "84"}])
def test_a_wrong_board_is_invalid(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        validator("leaderboards.gifters.v1").validate(msgspec.to_builtins(GIFTERS) | change)


def test_odd_gift_events_are_valid() -> None:
    for odd in ODD:
        validator("gifts.v1").validate(json.loads(odd.value))


def test_the_schema_refuses_what_decoding_refuses_but_for_what_it_cannot_say() -> None:
    """To JSON Schema 3.0 is an integer, and it relates no field to another."""
    schema = validator("gifts.v1")
    accepted = {
        hostile.name
        for hostile in HOSTILE
        if hostile.reason in ("missing_field", "bad_type", "out_of_range", "bad_id")
        and hostile.name != "time of 10,000 digits"
        and schema.is_valid(json.loads(hostile.value or b""))
    }
    assert accepted == {
        "anonymous with a sender",
        "event id of another platform",
        "event id without platform",
        "exponent as int",
        "field given twice, first wrongly",
        "float as int",
        "no sender, not anonymous",
        "platform of neither",
        "product too large",
        "stream id without platform",
        "streak end with null streak",
        "streak update without streak",
    }
