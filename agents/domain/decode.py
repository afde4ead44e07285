"""Bytes to a gift event, fast: the hot half of the check. Why bytes were refused is told by `classify`.

Compiled code reads what is usual (`agents.domain.flat`); all else, and all where nothing was compiled, is msgspec's.
It asks Python's `re` for every string with a pattern, which is most of the time of a decode. So its decoder here works
on GiftEvent without its patterns (derived from it, lengths and bounds kept), and all ids are then matched in one sweep:
they share one alphabet, so they are right if and only if their concatenation is. What is accepted is exactly what
GiftEvent accepts, where it nests no deeper than MAX_DEPTH and its fields fit.
"""

import types
from re import Pattern
from re import compile as pattern
from typing import Annotated, Any, Final, Union, get_args, get_origin

from msgspec import NODEFAULT, Meta, Struct, defstruct
from msgspec.json import Decoder
from msgspec.structs import astuple, fields

from agents.domain.classify import classify
from agents.domain.event import Event
from agents.domain.flat import NO, OF_TEXT, Row, reader
from agents.domain.reject import Rejected
from schemas.gift import GiftEvent
from schemas.ids import MAX_VALUE, Id, Platform, Region, Unit
from schemas.nesting import SHALLOW_BYTES, too_deep


def decode(value: bytes) -> Event | Rejected:
    """Return the event in `value`, or why there is none. Never raises; unknown fields are ignored, unread.

    The order of fields decides nothing; of a field given twice the last counts, but each must be right.
    """
    row = _scan(value)
    if row is None:
        return _decode_unusual(value)
    event = _event(row)
    return classify(value) if event is None else event


def _decode_unusual(value: bytes) -> Event | Rejected:
    try:
        row = _values(_decode(value))
    except (ValueError, RecursionError):
        return classify(value)
    escapes = value.find(b"\\") >= 0  # not `in`, which first tries the bytes as a number
    event = _event(row) if _in_alphabet("".join([row[at] or "" for at in _IDS]), escapes) else None
    if event is None or (len(value) > SHALLOW_BYTES and too_deep(value)):
        return classify(value)
    return event


def _event(row: Row) -> Event | None:
    """Return the event of a GiftEvent's fields, whose ids are in their alphabet, if they fit each other."""
    # Declared, so that compiled code joins and compares them natively.
    event_id: str
    stream_id: str
    channel_id: str
    sender_id: str | None
    gift_id: str
    unit_value: int
    quantity: int
    streak_id: str | None
    recipient_id: str | None
    (
        event_id,
        platform,
        stream_id,
        channel_id,
        sender_id,
        gift_id,
        unit_value,
        value_unit,
        quantity,
        event_time_ms,
        phase,
        streak_id,
        _,
        recipient_id,
        sender_name,
        channel_name,
        gift_name,
        total_value,
        paid,
        region,
        anonymous,
    ) = row
    prefix: str = _PREFIX[platform]
    if not (
        _is_unit(value_unit)
        and event_id.startswith(prefix)
        and stream_id.startswith(prefix)
        and (sender_id is None) is anonymous
        and (streak_id is not None or phase == "single")
        and (total_value is not None or unit_value * quantity <= MAX_VALUE)
        and (region is None or _is_region(region))
    ):
        return None
    return Event(
        event_id,
        stream_id,
        channel_id,
        sender_id,
        gift_id,
        unit_value,
        value_unit,
        quantity,
        event_time_ms,
        phase,
        streak_id,
        recipient_id,
        sender_name,
        channel_name,
        gift_name,
        total_value,
        paid,
        region,
    )


def _meta(annotated: Any) -> Meta:
    return next(extra for extra in get_args(annotated)[1:] if isinstance(extra, Meta))


def _regex(annotated: Any) -> Pattern[str]:
    return pattern(_meta(annotated).pattern or "")


def _is_id(annotation: Any) -> bool:
    return annotation == Id or Id in get_args(annotation)


def _without_pattern(annotation: Any) -> Any:
    """Return the annotation with bounds and lengths, but without patterns."""
    if get_origin(annotation) in (Union, types.UnionType):
        return Union[tuple(map(_without_pattern, get_args(annotation)))]  # noqa: UP007 - built at run time
    if get_origin(annotation) is not Annotated:
        return annotation
    meta = _meta(annotation)
    bounds = {name: getattr(meta, name) for name in ("ge", "gt", "le", "lt", "min_length", "max_length")}
    kept = {name: bound for name, bound in bounds.items() if bound is not None}
    return Annotated[get_args(annotation)[0], Meta(**kept)] if kept else get_args(annotation)[0]


def _lenient_twin() -> type[Struct]:
    """Return GiftEvent without its patterns: same fields, same order, same defaults."""
    plain = [(field, _without_pattern(field.type)) for field in fields(GiftEvent)]
    return defstruct(
        "LenientGiftEvent",
        [(f.name, kind) if f.default is NODEFAULT else (f.name, kind, f.default) for f, kind in plain],
        gc=False,
    )


def _classes(pattern: str | None) -> bytes:
    """Return what each byte is in a string with that pattern: of an id, or any text."""
    if pattern != _ID.pattern:
        return OF_TEXT
    return bytes(OF_TEXT[byte] if byte < 0x80 and _ID.match(chr(byte)) else NO for byte in range(256))


_ID: Final = _regex(Id)
_IDS: Final = [at for at, field in enumerate(fields(GiftEvent)) if _is_id(field.type)]
_scan: Final = reader(GiftEvent, _classes)
_lenient: Final[Decoder[Struct]] = Decoder(_lenient_twin())
_decode: Final = _lenient.decode
_values: Final = astuple
_unit: Final = _regex(Unit).match
_region: Final = _regex(Region).match
_units: Final[set[str]] = set()
_regions: Final[set[str]] = set()
_KEPT: Final = 256
_PREFIX: Final = {platform: f"{platform}:" for platform in get_args(Platform)}


def _in_alphabet(ids: str, escapes: bool) -> bool:
    """Whether all characters are those of an `Id`: printable ASCII but for the space and `|`.

    `escapes` tells whether the JSON had any: without one, no string of JSON has a control character below a space.
    """
    if not ids.isascii() or " " in ids or "|" in ids:
        return False
    return ids.isprintable() if escapes else "\x7f" not in ids


def _is_unit(unit: str) -> bool:
    return unit in _units or _keep(unit, _unit(unit) is not None, _units)


def _is_region(region: str) -> bool:
    return region in _regions or _keep(region, _region(region) is not None, _regions)


def _keep(text: str, good: bool, kept: set[str]) -> bool:
    """Return whether a text is good, and have that known from now on if it is."""
    if good and len(kept) < _KEPT:
        kept.add(text)
    return good
