"""The last line of a worker says what was protected, what was found, and what to do."""

import subprocess
import sys

import pytest

from app.engine import errors
from app.engine.errors import EngineError, Fenced, SettingsChanged, SourceChanged, SourceLost
from app.engine.fail_stop import EXIT_CODE, last_words

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EngineError)]


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_was_protected_then_what_was_found_and_what_to_do(kind: type[EngineError]) -> None:
    line = last_words(kind("seven is odd; add one"))
    assert line == f"giftstream worker stopped, {kind.kept}: {kind.__name__}: seven is odd; add one"


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        (SourceChanged, "the state and its position are kept as they were"),
        (SettingsChanged, "the state and its position are kept as they were"),
        (SourceLost, "nothing counted past the break"),
        (Fenced, "the new owner goes on from the last whole run"),
        (EngineError, "the state is kept at its last whole run"),
    ],
)
def test_what_was_protected_is_said_of_each_kind(kind: type[EngineError], kept: str) -> None:
    assert kept in last_words(kind("why"))


def test_lost_records_are_not_called_nothing_lost() -> None:
    assert "nothing lost" not in last_words(SourceLost("retention deleted 5 records"))


def test_what_nobody_thought_of_is_told_with_its_place_and_what_to_do() -> None:
    try:
        int("seven")
    except ValueError as error:
        line = last_words(error)
    assert "kept at its last whole run" in line
    assert "ValueError: invalid literal for int() with base 10: 'seven' (test_fail_stop.py:" in line
    assert line.endswith("start it again; if it ends like this once more, report this line")


def test_an_error_without_words_is_told_by_its_kind() -> None:
    assert ": TimeoutError: TimeoutError(); start it again" in last_words(TimeoutError())


def test_it_is_one_line_whatever_the_error_holds() -> None:
    line = last_words(ValueError("two\nlines,\r\n\x1b[2Jand a cursor"))
    assert line.isprintable()
    assert "two lines, \\x1b[2Jand a cursor" in line


@pytest.mark.parametrize("before", ["pass", "sys.stderr.close()"])
def test_the_process_ends_at_once_even_if_nobody_can_be_told(before: str) -> None:
    program = (
        "import atexit, sys; from app.engine.fail_stop import fail_stop; atexit.register(print, 'flushed')\n"
        f"{before}\n"
        "try: fail_stop(ValueError('seven'))\n"
        "finally: print('handled', flush=True)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == EXIT_CODE
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == (before == "pass")
