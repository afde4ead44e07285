"""Logs: one line an event, whoever speaks, and nobody can forge a line."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app.logs import colours, configure_logs, last_line, printable


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave no trace: logging and structlog are configured for the whole process."""
    names = ("aiokafka", "faust", "mode")
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in names}
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    for name in names:
        logging.getLogger(name).setLevel(levels[name])
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_json_lines_of_ours_and_of_libraries() -> None:
    stream = io.StringIO()
    configure_logs("json", stream)
    structlog.get_logger("app.worker").info("ready", partitions=[0, 1])
    logging.getLogger("aiokafka.client").warning("lost %s", "node 1")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["partitions"], first["level"]) == ("ready", [0, 1], "info")
    assert (second["event"], second["logger"]) == ("lost node 1", "aiokafka.client")
    assert first["timestamp"].endswith("Z")


def test_a_fail_stop_ends_the_log_in_its_format() -> None:
    told = json.loads(last_line("json", 'giftstream worker stopped, "why"'))
    assert told["event"] == 'giftstream worker stopped, "why"'
    assert (told["level"], told["timestamp"][-1]) == ("critical", "Z")
    assert last_line("console", "giftstream worker stopped") == "giftstream worker stopped"


def test_a_file_gets_json_and_a_terminal_gets_words() -> None:
    file, terminal = io.StringIO(), Terminal()
    configure_logs("auto", file)
    structlog.get_logger().info("hello")
    configure_logs("auto", terminal)
    structlog.get_logger().info("hello")
    assert json.loads(file.getvalue())["event"] == "hello"
    assert not terminal.getvalue().startswith("{")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_newline_from_outside_makes_no_second_line(log_format: str) -> None:
    stream = io.StringIO()
    configure_logs(log_format, stream)  # type: ignore[arg-type]
    structlog.get_logger().warning("gift\nforged line", name="a\nb\x1b[2J")
    logging.getLogger("faust").warning("topic\n%s", "x\ny")
    assert len(stream.getvalue().splitlines()) == 2
    assert "\x1b[2J" not in stream.getvalue()


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colours(Terminal())
    assert not colours(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours(Terminal())


def test_printable_keeps_names_and_escapes_control() -> None:
    assert printable("夜の星 Łukasz 👩‍🚀") == "夜の星 Łukasz 👩‍🚀"
    assert printable("a\x1b[2J\r\n\u202eb") == "a\\x1b[2J\\r\\n\\u202eb"
