"""What commands write: results to stdout as JSON lines, words to stderr."""

import sys
from typing import Any


def json_line(value: Any) -> None:
    """Write one JSON value as a line to stdout, at once."""
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Write words to stderr."""
    print(text, file=sys.stderr, flush=True)
