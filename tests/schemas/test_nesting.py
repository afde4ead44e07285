"""Nesting is bounded, so that the same bytes are judged the same whatever called."""

import pytest

from schemas.nesting import MAX_DEPTH, too_deep


@pytest.mark.parametrize("depth", [1, 128, MAX_DEPTH])
def test_json_up_to_the_bound_is_not_too_deep(depth: int) -> None:
    assert not too_deep(b"[" * depth + b" " * 600 + b"]" * depth)
    assert not too_deep(b'{"a":' * depth + b"1" + b" " * 600 + b"}" * depth)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 8_000])
def test_json_beyond_the_bound_is_too_deep(depth: int) -> None:
    assert too_deep(b"[" * depth + b"]" * depth)
    assert too_deep(b'{"a":' * depth + b"1" + b"}" * depth)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert not too_deep(b"[" + b"[]," * 5_000 + b"[]]")


def test_brackets_in_strings_do_not_count() -> None:
    assert not too_deep(b'["' + b"[" * 5_000 + b'"]')
    assert not too_deep(b'["\\"' + b"[" * 5_000 + b'"]')


def test_the_string_ends_where_json_says() -> None:
    assert too_deep(b'"\\\\"' + b"[" * 300 + b"]" * 300)


@pytest.mark.timeout(5)
def test_a_string_without_end_takes_linear_time() -> None:
    too_deep(b'"' + b'\\"' * 500_000 + b"[" * 300)
    too_deep(b'"' * 1_000_001 + b"[" * 300)
