"""Why bytes are not a gift event. Slow and exact; asked only for what `decode` refused."""

from collections.abc import Iterator
from re import compile as pattern
from typing import Any, Final

from msgspec import Raw, ValidationError, json
from msgspec.structs import fields

from agents.domain.reject import Rejected, rejected
from schemas.dead_letter import Reason
from schemas.gift import GiftEvent
from schemas.ids import MAX_VALUE, Id
from schemas.nesting import MAX_DEPTH, too_deep

_ORDER: Final[tuple[Reason, ...]] = ("not_json", "missing_field", "bad_type", "out_of_range", "bad_id")
_TWICE: Final = rejected(
    "bad_type", "$: a field is given twice, once wrongly", "each field once", "send one value a field"
)
_object: Final = json.Decoder(dict[str, Raw])
_fields: Final = {field.name: field for field in fields(GiftEvent)}
_decoders: Final[dict[str, json.Decoder[Any]]] = {name: json.Decoder(f.type) for name, f in _fields.items()}
_properties: Final[dict[str, Any]] = json.schema(GiftEvent)["$defs"]["GiftEvent"]["properties"]
_NAMES: Final = {"str": "string", "int": "integer", "bool": "boolean", "float": "fractional number"}
_wrong_type: Final = pattern(r"Expected `([^`]+)`, got `(\w+)`").match


def classify(value: bytes) -> Rejected:
    """Return the first reason, in the order of the tree in `reject`, for which `value` is not a gift event.

    The answer does not depend on the order of the fields. Expects bytes that are none; never raises.
    """
    if too_deep(value):
        return _not_json(f"nested deeper than {MAX_DEPTH} levels")
    try:
        raw = _object.decode(value)
    except ValidationError:
        return rejected("bad_type", "$: not an object", "a JSON object", "send one gift event a record")
    except (ValueError, RecursionError) as error:
        return _not_json(_malformed(error))
    good: dict[str, Any] = {}
    faults = [*_of_fields(raw, good), *_between_fields(good)]
    return min(faults, key=lambda fault: _ORDER.index(fault.reason), default=_TWICE)


def _of_fields(raw: dict[str, Raw], good: dict[str, Any]) -> Iterator[Rejected]:
    """Yield what is wrong with each field by itself; put what is right, or its default, into `good`."""
    for name, field in _fields.items():
        if name in raw:
            try:
                good[name] = _decoders[name].decode(raw[name])
            except ValidationError as error:
                yield _wrong_value(name, str(error))
            except (ValueError, RecursionError) as error:
                yield _not_json(f"$.{name}: {_malformed(error)}")
        elif field.required:
            yield rejected("missing_field", f"$.{name}: missing", _allowed(name), "add the required field")
        else:
            good[name] = field.default


def _between_fields(good: dict[str, Any]) -> Iterator[Rejected]:
    """Yield where good fields do not fit each other."""
    if good.get("sender_id", "") is None and good.get("anonymous") is False:
        yield rejected("missing_field", "$.sender_id: null", "null if anonymous", "add it, or set anonymous")
    if good.get("streak_id", "") is None and good.get("phase") in ("streak_update", "streak_end"):
        yield rejected("missing_field", "$.streak_id: missing", "none if single", "add the streak's id")
    if good.get("total_value", 0) is None and good.get("unit_value", 0) * good.get("quantity", 0) > MAX_VALUE:
        yield rejected("out_of_range", "$: unit_value * quantity", f"0 to {MAX_VALUE}", "correct them")
    prefix = f"{good['platform']}:" if "platform" in good else ""
    for name in ("event_id", "stream_id"):
        if not good.get(name, prefix).startswith(prefix):
            yield rejected("bad_id", f"$.{name}: wrong prefix", "platform:id", "begin it with the platform")
    if good.get("sender_id") is not None and good.get("anonymous") is True:
        yield rejected("bad_id", "$.sender_id: given", "null if anonymous", "send null, or unset anonymous")


def _wrong_value(name: str, message: str) -> Rejected:
    """Tell apart msgspec's messages for one value; some quote it, so none is passed on."""
    if types := _wrong_type(message):
        wanted, found = map(_in_json, types.groups())
        return rejected("bad_type", f"$.{name}: found {found}", wanted, "send it in that JSON type")
    if message.startswith("Number out of range"):
        return rejected("bad_type", f"$.{name}: a number beyond all bounds", _allowed(name), "correct it")
    if _fields[name].type in (Id, Id | None):
        return rejected("bad_id", f"$.{name}: not an id", _allowed(name), "send the platform's id")
    return rejected("out_of_range", f"$.{name}: out of range", _allowed(name), "correct it at the producer")


def _in_json(types: str) -> str:
    return " or ".join(_NAMES.get(name, name) for name in types.split(" | "))


def _allowed(name: str) -> str:
    """Say what a field may be, from its JSON Schema."""
    kind = _properties[name]
    kind = kind.get("anyOf", [kind])[0]
    if "maximum" in kind:
        return f"{kind['minimum']} to {kind['maximum']}"
    return ", ".join(kind.get("enum", ())) or kind.get("description", kind["type"])


def _malformed(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)


def _not_json(found: str) -> Rejected:
    return rejected("not_json", found, "one JSON object in UTF-8", "serialise the event as plain JSON")
