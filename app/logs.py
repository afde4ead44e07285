"""Logs to stderr, one line an event: ours by structlog; Faust's and aiokafka's in the same format.

A value that came from outside cannot forge a line: control characters are escaped (CWE-117).
"""

import json
import logging.config
import os
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.log_repeats import Repeats
from app.settings import LogFormat

LIBRARIES: Final = ("aiokafka", "faust", "mode")

TALKATIVE: Final = (*LIBRARIES, "app.engine.app", "app.engine.consumer", "app.engine.recovery")
"""Loggers that tell each start and stop of a service (ours too, where mode logs for them), or, at DEBUG, whole requests
and so what people sent."""


def configure_logs(log_format: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Send all logs to `stream` (stderr if not given)."""
    logging.config.dictConfig(logging_config(log_format, stream))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logging_config(log_format: LogFormat = "auto", stream: TextIO | None = None) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`; also what Faust is given."""
    stream = stream or sys.stderr
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_shared(), structlog.stdlib.ExtraAdder()],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_rendering(_is_json(log_format, stream), colours(stream)),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"giftstream": formatter},
        "filters": {"repeats": {"()": Repeats, "names": LIBRARIES}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": stream,
                "formatter": "giftstream",
                "filters": ["repeats"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {name: {"level": "WARNING"} for name in TALKATIVE},
    }


def last_line(log_format: LogFormat, words: str) -> str:
    """Return the line with which a fail-stop ends the log, in the format of the others. `words` are one line."""
    if not _is_json(log_format, sys.stderr):
        return words
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps({"event": words, "logger": "app.engine.fail_stop", "level": "critical", "timestamp": now})


def colours(stream: TextIO) -> bool:
    """Whether to colour: only on a terminal, and never under NO_COLOR (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _is_json(log_format: LogFormat, stream: TextIO) -> bool:
    return log_format == "json" or (log_format == "auto" and not stream.isatty())


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _rendering(is_json: bool, coloured: bool) -> list[Processor]:
    if is_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [_escape, structlog.dev.ConsoleRenderer(colors=coloured, exception_formatter=plain)]


def _escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["event"] = printable(str(event["event"]))
    return event


def printable(text: str) -> str:
    """Return `text` with control characters escaped, so that it can neither end a line nor move a cursor.

    The joiner inside emoji (U+200D) is let through.
    """
    return "".join(c if c.isprintable() or c == "\u200d" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
