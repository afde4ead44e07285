"""What compiled code reads of flat JSON objects is what msgspec makes of them; without it, nothing is read."""

import json
from importlib.util import find_spec
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import NODEFAULT, Meta, Struct, defstruct, field
from msgspec.structs import astuple

from agents.domain.decode import _classes, _lenient, _meta
from agents.domain.flat import OF_TEXT, reader
from schemas.gift import GiftEvent
from schemas.ids import Id
from tests.builders import encoded
from tests.corpus import HOSTILE, ODD

IS_COMPILED = find_spec("agents.domain.scan") is not None


class Sample(Struct):
    """One member of each kind."""

    name: Annotated[str, Meta(min_length=1, max_length=3)]
    number: Annotated[int, Meta(ge=2, le=10**15)]
    any_number: int | None
    kind: Literal["one", "other"] = "one"
    flag: bool = True
    nothing: str | None = None


read = reader(Sample, lambda pattern: OF_TEXT)
read_gift = reader(GiftEvent, _classes)
SAMPLE: dict[str, Any] = {"name": "ab", "number": 2, "any_number": None}


def of_msgspec(value: bytes, struct: type[Struct] = Sample) -> tuple[Any, ...] | None:
    try:
        return astuple(msgspec.json.decode(value, type=struct))
    except (ValueError, RecursionError):
        return None


def assert_right(value: bytes) -> None:
    row = read(value)
    assert row is None or row == of_msgspec(value)


@pytest.mark.parametrize(
    "value",
    [
        b'{"name":"ab","number":2,"any_number":null}',
        b' {"number" : 1000000000000000 ,\n"any_number":0,\t"name" : "abc"}\r\n',
        b'{"name":"a","number":30,"any_number":123456789012345678,"kind":"other","flag":false,"nothing":""}',
        b'{"name":"a","number":30,"any_number":1,"kind":"one","flag":true,"nothing":null}',
        '{"name":"äß€","number":30,"any_number":1,"nothing":"Ana \x7f 🎁"}'.encode(),
    ],
)
def test_usual_objects_are_read(value: bytes) -> None:
    assert of_msgspec(value) is not None
    assert read(value) == (of_msgspec(value) if IS_COMPILED else None)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{}",
        b"[]",
        b'{"name":"ab","number":2}',
        b'{"name":"ab","number":2,"any_number":null',
        b'{"name":"ab","number":2,"any_number":null,}',
        b'{"name":"ab","number":2,"any_number":null}}',
        b'{"name":"ab","number":2,"any_number":null}\0',
        b'{"name":"ab","number":2,"any_number":null,"any_number":1}',
        b'{"name":"ab","number":2,"any_number":null,"another":1}',
        b'{"name":"ab","number":2,"any_number":nul}',
        b'{"name":"ab","number":2,"any_number":null "flag":true}',
        b'{"name":"ab","number":2,"any_number":null,"flag":null}',
        b'{"name":"ab","number":2,"any_number":null,"flag":True}',
        b'{"name":"ab","number":2,"any_number":null,"kind":"on"}',
        b'{"name":"ab","number":2,"any_number":null,"kind":"onex"}',
        b'{"name":"ab","number":2,"any_number":null,"kind":one}',
        b'{"name":"ab","number":2,"any_number":-1}',
        b'{"name":"ab","number":2,"any_number":01}',
        b'{"name":"ab","number":2,"any_number":1.0}',
        b'{"name":"ab","number":2,"any_number":1e3}',
        b'{"name":"ab","number":2,"any_number":1234567890123456789}',
        b'{"name":"ab","number":1,"any_number":1}',
        b'{"name":"ab","number":1000000000000001,"any_number":1}',
        b'{"name":"","number":2,"any_number":1}',
        b'{"name":"abcd","number":2,"any_number":1}',
        b'{"name":"a\\u0062","number":2,"any_number":1}',
        b'{"na\\u006de":"ab","number":2,"any_number":1}',
        b'{"name":"a\nb","number":2,"any_number":1}',
        b'{"name":"a\0b","number":2,"any_number":1}',
        b'{"name":"a\xff","number":2,"any_number":1}',
        b'{"name":"\xed\xa0\x80","number":2,"any_number":1}',
        b'{"name":5,"number":"2","any_number":1}',
        b'{"name":"ab,"number":2,"any_number":1}',
        b"{'name':'ab'}",
        '\ufeff{"name":"ab","number":2,"any_number":1}'.encode(),
    ],
)
def test_of_all_else_nothing_is_sure(value: bytes) -> None:
    assert read(value) is None


@given(
    st.dictionaries(
        st.sampled_from(Sample.__struct_fields__),
        st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["one", "other"]),
    ),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": ")]),
)
def test_what_is_read_is_what_msgspec_reads(change: dict[str, Any], escaped: bool, separators: tuple[str, str]) -> None:
    assert_right(json.dumps(SAMPLE | change, ensure_ascii=escaped, separators=separators).encode())


@given(st.data())
def test_damaged_objects_are_read_as_by_msgspec_or_not_at_all(data: st.DataObject) -> None:
    value = bytearray(json.dumps(SAMPLE | {"kind": "other", "flag": False, "nothing": "ä"}).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(value) - 1))
        value[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    assert_right(bytes(value))


@given(st.binary())
@example(b"\0")
@example(b'{"')
@example(b'{"name')
@example(b'{"name"')
@example(b'{"name":"')
@example(b'{"number":')
def test_arbitrary_bytes_are_no_trouble(value: bytes) -> None:
    assert read(value) is None


def test_strings_that_come_again_are_not_mixed_up() -> None:
    ids = [f"tiktok:{number}" for number in range(20_000)] * 2
    for one in ids:
        row = read_gift(encoded(event_id=one, stream_id=one))
        assert row is None or (row[0], row[2]) == (one, one)


EVENT_ID, STREAM_ID = 0, 2


def test_strings_are_the_same_where_those_of_their_field_come_again() -> None:
    read_gift, value = reader(GiftEvent, _classes), encoded()

    def same() -> tuple[bool, bool]:
        """Return whether two gifts alike have the same id, and the same stream. Without the kernel nothing is read."""
        first, second = read_gift(value), read_gift(value)
        if first is None or second is None:
            return False, False
        return first[EVENT_ID] is second[EVENT_ID], first[STREAM_ID] is second[STREAM_ID]

    assert same() == (IS_COMPILED, IS_COMPILED)
    for number in range(1_000):
        read_gift(encoded(event_id=f"tiktok:{number}"))
    assert same() == (False, IS_COMPILED), "ids were new each time: none is looked for"
    for _ in range(1_000):
        read_gift(value)
    assert same() == (IS_COMPILED, IS_COMPILED), "they come again now"


@pytest.mark.parametrize(
    "value", [*(one.value for one in ODD), *(one.value for one in HOSTILE if one.value is not None)]
)
def test_odd_and_hostile_gifts_are_read_as_by_msgspec_or_not_at_all(value: bytes) -> None:
    row = read_gift(value)
    assert row is None or row == of_msgspec(value, _lenient.type)


def test_the_classes_of_an_id_are_those_of_its_pattern() -> None:
    classes = _classes(_meta(Id).pattern)
    allowed = {chr(byte) for byte in range(256) if classes[byte]}
    assert allowed == {chr(code) for code in range(0x21, 0x7F)} - set('|"\\')


@pytest.mark.parametrize(
    ("kind", "default", "found"),
    [
        (list[int], NODEFAULT, "found ListType"),
        (Annotated[int, Meta(gt=0)], NODEFAULT, "bounds are ge and le here"),
        (Literal[1, 2], NODEFAULT, "found LiteralType"),
        (str, field(default_factory=str), "found a default that is made each time"),
    ],
)
def test_members_of_other_kinds_are_refused(kind: Any, default: Any, found: str) -> None:
    with pytest.raises(TypeError, match=f"inner: {found}|inner: .*{found}"):
        reader(defstruct("Other", [("inner", kind, default)]), lambda pattern: OF_TEXT)


def test_only_bytes_are_read() -> None:
    assert read(memoryview(b'{"name":"ab","number":2,"any_number":null}')) is None  # type: ignore[arg-type]
