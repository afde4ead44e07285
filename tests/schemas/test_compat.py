"""`.v1` is additive only: what that means, case by case."""

import json
import runpy
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from schemas.compat import compare, compare_folders
from schemas.export import schemas, write

BASE: dict[str, Any] = {
    "$ref": "#/$defs/Thing",
    "$defs": {
        "Thing": {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "minimum": 0, "maximum": 10},
                "name": {"anyOf": [{"type": "string", "maxLength": 5, "pattern": "^a"}, {"type": "null"}]},
                "kind": {"enum": ["a", "b"]},
                "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
                "sums": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
            "required": ["size", "kind"],
        },
        "Part": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
    },
}
SIZE = ("Thing", "properties", "size")
NAME = ("Thing", "properties", "name", "anyOf")

NARROWER: list[tuple[str, tuple[str | int, ...], Any, str]] = [
    ("newly required", ("Thing", "required"), ["size", "kind", "name"],
     "$.name: presence was optional, is required"),
    ("type", (*SIZE, "type"), "string", "$.size: type was integer, is string"),
    ("lower bound", (*SIZE, "minimum"), 1, "$.size: minimum was 0, is 1"),
    ("upper bound", (*SIZE, "maximum"), 9, "$.size: maximum was 10, is 9"),
    ("length", (*NAME, 0, "maxLength"), 4, "$.name: maxLength was 5, is 4"),
    ("a new bound", (*NAME, 0, "minLength"), 1, "$.name: minLength was None, is 1"),
    ("pattern", (*NAME, 0, "pattern"), "^b", "$.name: pattern was ^a, is ^b"),
    ("null no more", NAME, [{"type": "string"}], "$.name: type was null, is string"),
    ("enum", ("Thing", "properties", "kind", "enum"), ["a"], "$.kind: enum was ['a', 'b'], is ['a']"),
    ("in an array", ("Part", "properties", "id", "type"), "integer",
     "$.parts[].id: type was string, is integer"),
    ("in a map", ("Thing", "properties", "sums", "additionalProperties", "type"), "string",
     "$.sums.*: type was integer, is string"),
    ("a closed map", ("Thing", "properties", "sums", "additionalProperties"), False,
     "$.sums.*: type was integer, is nothing"),
]  # fmt: skip
WIDER: list[tuple[str, tuple[str | int, ...], Any, str]] = [
    ("optional now", ("Thing", "required"), ["kind"], "$.size: presence was required, is optional"),
    ("upper bound", (*SIZE, "maximum"), 11, "$.size: maximum was 10, is 11"),
    ("fractions", (*SIZE, "type"), "number", "$.size: type was integer, is number"),
    ("enum", ("Thing", "properties", "kind", "enum"), ["a", "b", "c"],
     "$.kind: enum was ['a', 'b'], is ['a', 'b', 'c']"),
    ("null too", ("Part", "properties", "id"), {"anyOf": [{"type": "string"}, {"type": "null"}]},
     "$.parts[].id: type was string, is null"),
    ("open map", ("Thing", "properties", "sums", "additionalProperties"), {},
     "$.sums.*: type was integer, is None"),
]  # fmt: skip
ADDED: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("property", ("Thing", "properties", "new"), {"type": "string"}),
    ("nested property", ("Part", "properties", "new"), {"type": "string"}),
    ("description", (*SIZE, "description"), "how large"),
    ("default", (*SIZE, "default"), 0),
]


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Return BASE with what stands at the path in `$defs` replaced."""
    schema = deepcopy(BASE)
    *way, last = path
    node: Any = schema["$defs"]
    for step in way:
        node = node[step]
    node[last] = value
    return schema


@pytest.mark.parametrize("read", [True, False])
def test_no_change_is_no_finding(read: bool) -> None:
    assert compare(BASE, deepcopy(BASE), read) == []


@pytest.mark.parametrize(("name", "path", "value"), ADDED, ids=[case[0] for case in ADDED])
def test_additions_are_no_findings(name: str, path: tuple[str | int, ...], value: Any) -> None:
    assert compare(BASE, changed(path, value), read=True) == []
    assert compare(BASE, changed(path, value), read=False) == []


@pytest.mark.parametrize(("name", "path", "value", "finding"), NARROWER, ids=[case[0] for case in NARROWER])
def test_what_we_read_may_not_get_narrower(name: str, path: tuple[str | int, ...], value: Any, finding: str) -> None:
    assert finding in compare(BASE, changed(path, value), read=True)


@pytest.mark.parametrize(("name", "path", "value", "finding"), WIDER, ids=[case[0] for case in WIDER])
def test_what_we_write_may_not_get_wider(name: str, path: tuple[str | int, ...], value: Any, finding: str) -> None:
    assert compare(BASE, changed(path, value), read=False) == [finding]
    assert compare(BASE, changed(path, value), read=True) == []


def test_a_new_property_that_is_required_may_be_written_but_not_demanded() -> None:
    new = changed(("Part", "properties", "new"), {"type": "string"})
    new["$defs"]["Part"]["required"] = ["id", "new"]
    assert compare(BASE, new, read=False) == []
    assert compare(BASE, new, read=True) == ["$.parts[].new: presence was optional, is required"]


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize(("struct", "name", "path"), [("Thing", "name", "$.name"), ("Part", "id", "$.parts[].id")])
def test_no_property_may_go(struct: str, name: str, path: str, read: bool) -> None:
    new = deepcopy(BASE)
    del new["$defs"][struct]["properties"][name]
    assert f"{path}: property removed" in compare(BASE, new, read)


def test_each_alternative_is_compared_with_the_nearest() -> None:
    old = schemas()["engagement-spikes.v1"]
    new = deepcopy(old)
    new["$defs"]["BigGift"]["properties"]["value"]["type"] = "number"
    assert compare(old, new, read=False) == ["$.value: type was integer, is number"]


@pytest.mark.parametrize("topic", schemas())
def test_the_public_schemas_are_compatible_with_themselves(topic: str) -> None:
    for read in (True, False):
        assert compare(schemas()[topic], schemas()[topic], read) == []


def test_folders_are_compared_file_by_file(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    write(old)
    write(new)
    assert compare_folders(old, new) == []
    (new / "stream-totals.v1.json").unlink()
    gifts = schemas()["gifts.v1"]
    gifts["$defs"]["GiftEvent"]["properties"]["quantity"]["maximum"] = 5
    (new / "gifts.v1.json").write_text(json.dumps(gifts))
    assert compare_folders(old, new) == [
        "gifts.v1: $.quantity: maximum was 1000000000, is 5",
        "stream-totals.v1: the schema is gone",
    ]


def test_the_command_prints_findings_and_exits_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    write(old)
    new.mkdir()
    monkeypatch.setattr(sys, "argv", ["compat", str(old), str(new)])
    with pytest.raises(SystemExit, match="1"):
        runpy.run_path(str(Path(__file__).parents[2] / "schemas" / "compat.py"), run_name="__main__")
    assert "gifts.v1: the schema is gone\n" in capsys.readouterr().out
