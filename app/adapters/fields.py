"""Looks into messages whose fields have had several names and places over the versions of a client."""

from functools import cache
from re import sub
from typing import Any, Final

import orjson

from app.adapters.line_error import UnfitLine

SAFE_INTEGER: Final = 2**53 - 1
"""The largest integer that JavaScript keeps exactly. An id of 64 bits loses its last digits."""

ABSENT: Final = (None, "", 0, "0", "-1", -1)
"""What stands for "no such id"; protobuf leaves a zero out, or prints it."""


class Fields:
    """A JSON object. Paths are dotted and in camelCase; each name is found in snake_case too."""

    __slots__ = ("_root",)

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root

    def find(self, *paths: str) -> Any:
        """Return the value at the first path that is there, or None."""
        for path in paths:
            value: Any = self._root
            for name in path.split("."):
                value = _get(value, name)
            if value is not None:
                return value
        return None

    def find_id(self, *paths: str) -> str | None:
        """Return the first id that is there and not zero, as a string.

        Raises UnfitLine if it is a JSON number that has lost digits.
        """
        for path in paths:
            value = self.find(path)
            if value in ABSENT:
                continue
            if isinstance(value, str):
                return value
            return str(_exact(value, path))
        return None

    def find_exact_id(self, *paths: str) -> str | None:
        """Return as `find_id`, but pass over numbers that have lost digits."""
        exact = (path for path in paths if not _is_rounded(self.find(path)))
        return self.find_id(*exact)

    def find_integer(self, *paths: str) -> int | None:
        """Return the first integer that is there, also from a string. Raises UnfitLine if it is none."""
        value = self.find(*paths)
        if value is None:
            return None
        try:
            return int(value) if isinstance(value, str) else _exact(value, paths[0])
        except ValueError:
            raise UnfitLine(f"{paths[0]} is a text", "an integer", "print the message unchanged") from None

    def find_name(self, *paths: str) -> str | None:
        """Return the first text that is there and not empty."""
        names = (self.find(path) for path in paths)
        return next((name for name in names if isinstance(name, str) and name), None)

    def has_object(self, path: str) -> bool:
        """Whether there is an object at the path."""
        return isinstance(self.find(path), dict)


def exact_object(text: Any) -> Any:
    """Return the object that a string of JSON holds, its integers as strings since they are exact; else `text`."""
    if not isinstance(text, str):
        return text
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(parsed, dict):
        return None
    return {name: str(value) if type(value) is int else value for name, value in parsed.items()}


def _get(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        return None
    found = value.get(name)
    return value.get(_snake(name)) if found is None else found


@cache
def _snake(name: str) -> str:
    return sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def _is_rounded(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) > SAFE_INTEGER


def _exact(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnfitLine(f"{path} is of type {type(value).__name__}", "an integer", "print the message unchanged")
    if _is_rounded(value):
        found = f"{path} is a JSON number above 2^53, whose last digits may be lost"
        raise UnfitLine(found, "such a number as a string", "turn ids into strings before they are printed")
    return value
