"""The first field in which two plain JSON values differ."""

import json
from typing import Any


def difference(expected: Any, found: Any, path: str = "") -> str | None:
    """Return `field: expected X, found Y`, or None if both are the same in type and value."""
    if type(expected) is not type(found):
        return _says(path, expected, found)
    if isinstance(expected, dict):
        return _in_fields(expected, found, path)
    if isinstance(expected, list):
        return _in_items(expected, found, path)
    return None if expected == found else _says(path, expected, found)


def _in_fields(expected: dict[str, Any], found: dict[str, Any], path: str) -> str | None:
    for name in (*expected, *(name for name in found if name not in expected)):
        at = f"{path}.{name}" if path else name
        if name not in found:
            return f"{at}: expected {_shown(expected[name])}, found no such field"
        if name not in expected:
            return f"{at}: expected no such field, found {_shown(found[name])}"
        if (detail := difference(expected[name], found[name], at)) is not None:
            return detail
    return None


def _in_items(expected: list[Any], found: list[Any], path: str) -> str | None:
    for at, (left, right) in enumerate(zip(expected, found, strict=False)):
        if (detail := difference(left, right, f"{path}[{at}]")) is not None:
            return detail
    return None if len(expected) == len(found) else _says(f"{path} (length)", len(expected), len(found))


def _says(path: str, expected: Any, found: Any) -> str:
    return f"{path or 'value'}: expected {_shown(expected)}, found {_shown(found)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."
