"""Whether a new JSON Schema is only an addition to an old one: the promise of a topic's `.v1`.

No property may go. The rest depends on who writes the value. What giftstream reads (`gifts.v1`) must go on
being accepted: nothing newly required, no narrower type, enum or bound. What it writes must go on being
understood: nothing required becomes optional, no wider type, enum or bound. New properties are welcome.

    python -m schemas.compat OLD_FOLDER NEW_FOLDER     (one finding a line; exit 1 if there are any)
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

Schema = dict[str, Any]

READ: Final = frozenset({"gifts.v1"})
"""The topics that others write."""

_NOTHING: Final = {"type": "nothing"}
"""What the schema `false` accepts, in a form that compares."""

_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


class Finding(NamedTuple):
    """At `path`, `keyword` was `old` and is `new`."""

    path: str
    keyword: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.path}: {self.keyword} was {self.old}, is {self.new}"


def compare_folders(old: Path, new: Path) -> list[str]:
    """Compare each `<topic>.json` of `old` with that of `new`; a file that is gone is a finding."""
    findings = []
    for path in sorted(old.glob("*.json")):
        after, read = new / path.name, path.stem in READ
        found = compare(_load(path), _load(after), read) if after.exists() else ["the schema is gone"]
        findings += [f"{path.stem}: {finding}" for finding in found]
    return findings


def compare(old: Schema, new: Schema, read: bool = True) -> list[str]:
    """Return what is not an addition in `new`, one line each. `read`: others write the value, we read it."""
    gone = [f"{path}: property removed" for path in sorted(_properties(old) - _properties(new))]
    if read:
        return gone + [str(finding) for finding in _Narrowing(old, new).findings()]
    widened = _Narrowing(new, old).findings()
    return gone + [str(finding._replace(old=finding.new, new=finding.old)) for finding in widened]


class _Narrowing:
    """The walk of two schemas side by side, looking for values that `wide` accepts and `narrow` does not."""

    def __init__(self, wide: Schema, narrow: Schema) -> None:
        self._wide, self._narrow = wide, narrow

    def findings(self) -> list[Finding]:
        return list(self._any("$", self._wide, self._narrow))

    def _any(self, path: str, wide: Schema, narrow: Schema) -> Iterator[Finding]:
        """Each alternative of `wide` must fit one of `narrow`; what is missing is told of the nearest one."""
        choices = _alternatives(self._narrow, narrow)
        for one in _alternatives(self._wide, wide):
            same = [choice for choice in choices if choice.get("type") == one.get("type")]
            yield from min((list(self._one(path, one, choice)) for choice in same or choices), key=len)

    def _one(self, path: str, wide: Schema, narrow: Schema) -> Iterator[Finding]:
        yield from _type(path, wide, narrow)
        yield from _enum(path, wide, narrow)
        yield from _bounds(path, wide, narrow)
        yield from _required(path, wide, narrow)
        for name, schema in wide.get("properties", {}).items():
            if name in narrow.get("properties", {}):
                yield from self._any(f"{path}.{name}", schema, narrow["properties"][name])
        for keyword, suffix in (("items", "[]"), ("additionalProperties", ".*")):
            if keyword in narrow and wide.get(keyword) is not False:
                new = _NOTHING if narrow[keyword] is False else narrow[keyword]
                yield from self._any(path + suffix, wide.get(keyword, {}), new)


def _load(path: Path) -> Schema:
    schema: Schema = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _type(path: str, wide: Schema, narrow: Schema) -> Iterator[Finding]:
    old, new = wide.get("type"), narrow.get("type")
    if new not in (None, old) and (old, new) != ("integer", "number") and "enum" not in wide:
        yield Finding(path, "type", old, new)


def _enum(path: str, wide: Schema, narrow: Schema) -> Iterator[Finding]:
    old, new = wide.get("enum"), narrow.get("enum")
    if new is not None and (old is None or set(old) - set(new)):
        yield Finding(path, "enum", old, new)


def _bounds(path: str, wide: Schema, narrow: Schema) -> Iterator[Finding]:
    tighter: dict[str, Callable[[Any, Any], bool]] = {
        **dict.fromkeys(_LOWER, lambda old, new: new > old),
        **dict.fromkeys(_UPPER, lambda old, new: new < old),
        "pattern": lambda old, new: new != old,
    }
    for keyword, is_tighter in tighter.items():
        old, new = wide.get(keyword), narrow.get(keyword)
        if new is not None and (old is None or is_tighter(old, new)):
            yield Finding(path, keyword, old, new)


def _required(path: str, wide: Schema, narrow: Schema) -> Iterator[Finding]:
    old = wide.get("required", [])
    for name in narrow.get("required", []):
        if name not in old:
            yield Finding(f"{path}.{name}", "presence", "optional", "required")


def _alternatives(root: Schema, schema: Schema) -> list[Schema]:
    """Return what `$ref` and `anyOf` lead to."""
    if "$ref" in schema:
        return _alternatives(root, root["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return [found for one in schema["anyOf"] for found in _alternatives(root, one)]
    return [schema]


def _properties(root: Schema) -> set[str]:
    """Return the path of each property at any depth."""

    def walk(path: str, schema: Schema) -> Iterator[str]:
        for one in _alternatives(root, schema):
            for name, inner in one.get("properties", {}).items():
                yield f"{path}.{name}"
                yield from walk(f"{path}.{name}", inner)
            if "items" in one:
                yield from walk(f"{path}[]", one["items"])

    return set(walk("$", root))


if __name__ == "__main__":
    lines = compare_folders(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(1 if lines else 0)
