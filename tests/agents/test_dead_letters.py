"""A dead letter is the record as it came, cut only where it could not be kept, with headers that say why."""

from hashlib import sha256
from typing import Any

import msgspec
import pytest

from agents.dead_letters import MAX_KEY_BYTES, dead_letter
from agents.domain.check import Checker
from agents.domain.reject import Rejected
from agents.domain.rules import Rules
from agents.output import Output
from schemas.dead_letter import HEADER_PREFIX, KEPT_BYTES, MAX_WHOLE_BYTES, DeadLetterHeaders
from tests.builders import AT, STREAM, SimpleRecord
from tests.corpus import HOSTILE, Hostile

WHY = Rejected("too_large", "so many bytes; allowed: 16384; send one gift a record")


def letter(value: bytes | None, key: bytes | None = STREAM.encode(), why: Rejected = WHY) -> Output:
    return dead_letter(SimpleRecord(7, AT, key, value), why, "gifts.v1", 3, "gifts.dead-letter.v1")


def headers(output: Output) -> DeadLetterHeaders:
    """Return the headers as a reader takes them; each is there once and is UTF-8."""
    told = {name: value.decode() for name, value in output.headers}
    assert len(told) == len(output.headers)
    return msgspec.convert(told, DeadLetterHeaders)


def test_it_says_where_the_record_was_and_why_it_was_refused() -> None:
    output = letter(b"value")
    assert (output.topic, output.partition) == ("gifts.dead-letter.v1", 3)
    assert (output.key, output.value) == (STREAM.encode(), b"value")
    assert headers(output) == DeadLetterHeaders(
        reason="too_large", detail=WHY.detail, topic="gifts.v1", partition="3", offset="7"
    )


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: f"{hostile.reason}: {hostile.name}")
def test_every_hostile_record_has_a_letter_that_can_be_read_and_kept(hostile: Hostile) -> None:
    record = SimpleRecord(7, hostile.timestamp, hostile.key, hostile.value)
    rejected = Checker(Rules(), hostile.partition).check(record)
    assert isinstance(rejected, Rejected)
    output = dead_letter(record, rejected, "gifts.v1", hostile.partition, "gifts.dead-letter.v1")
    assert headers(output).reason == hostile.reason
    assert (hostile.value or b"").startswith(output.value or b"")
    assert (hostile.key or b"").startswith(output.key or b"")
    assert len(output.value or b"") + len(output.key or b"") <= MAX_WHOLE_BYTES + MAX_KEY_BYTES


@pytest.mark.parametrize("size", [0, 1, 16_385, KEPT_BYTES + 1, MAX_WHOLE_BYTES])
def test_up_to_512_kib_a_value_is_kept_whole(size: int) -> None:
    output = letter(b"v" * size)
    assert output.value == b"v" * size
    assert headers(output).size is headers(output).sha256 is msgspec.UNSET


def test_of_a_larger_value_the_first_64_kib_are_kept_with_size_and_hash() -> None:
    value = bytes(range(256)) * 2_049
    output = letter(value)
    assert output.value == value[: 64 * 1024]
    assert headers(output).size == str(len(value))
    assert headers(output).sha256 == sha256(value).hexdigest()


@pytest.mark.parametrize(
    ("size", "cut"), [(MAX_KEY_BYTES, {}), (MAX_KEY_BYTES + 1, {"key_size": b"%d" % (MAX_KEY_BYTES + 1)})]
)
def test_a_key_is_kept_up_to_1_kib(size: int, cut: dict[str, Any]) -> None:
    output = letter(b"value", b"k" * size)
    assert output.key == b"k" * MAX_KEY_BYTES
    told = dict(output.headers)
    assert {name: told[HEADER_PREFIX + name] for name in ("key_size",) if HEADER_PREFIX + name in told} == cut
    assert (HEADER_PREFIX + "key_sha256" in told) is bool(cut)


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [(None, b"v", (None, b"v")), (b"", b"v", (b"", b"v")), (b"k", None, (b"k", None)), (None, None, (None, b""))],
)
def test_null_and_empty_stay_what_they_are(key: bytes | None, value: bytes | None, kept: tuple[Any, Any]) -> None:
    """But for a record of nothing at all, which no topic would keep apart from no record."""
    output = letter(value, key)
    assert (output.key, output.value) == kept


def test_a_detail_that_is_no_utf_8_can_be_read_too() -> None:
    assert headers(letter(b"value", why=Rejected("not_json", "a \ud800 in it"))).detail == "a ? in it"
