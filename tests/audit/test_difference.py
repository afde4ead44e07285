"""The field that differs is named with what was expected and what was found."""

import pytest

from app.audit.difference import difference


@pytest.mark.parametrize(
    ("expected", "found", "says"),
    [
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1}, {"a": 2}, "a: expected 1, found 2"),
        ({"a": 1}, {"a": True}, "a: expected 1, found true"),
        ({"a": 1}, {"a": 1.0}, "a: expected 1, found 1.0"),
        ({"a": None}, {}, "a: expected null, found no such field"),
        ({}, {"a": 1}, "a: expected no such field, found 1"),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, 'a[0].b: expected "x", found "y"'),
        ({"a": [1]}, {"a": [1, 2]}, "a (length): expected 1, found 2"),
        ({"a": 1}, [], 'value: expected {"a": 1}, found []'),
    ],
)
def test_difference(expected: object, found: object, says: str | None) -> None:
    assert difference(expected, found) == says
