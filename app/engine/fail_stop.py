"""The one way out: say why in one line and end the process before anything else can be written."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from app.engine.errors import EngineError

EXIT_CODE: Final = 3

FailStop = Callable[[BaseException], NoReturn]


def fail_stop(reason: BaseException, written: Callable[[str], str] = str) -> NoReturn:
    """End the process with exit code 3. No handler, no `finally`, no flush of what is half done.

    `written` makes the line of the log out of the last words. No logger writes it: another thread may hold its lock.
    """
    try:
        os.write(sys.stderr.fileno(), f"{written(last_words(reason))}\n".encode(errors="replace"))
    finally:
        os._exit(EXIT_CODE)


def last_words(reason: BaseException) -> str:
    """Return one line: what was protected, what was found, and what to do."""
    kept = reason.kept if isinstance(reason, EngineError) else EngineError.kept
    return _one_line(f"giftstream worker stopped, {kept}: {type(reason).__name__}: {_told(reason)}")


def _told(reason: BaseException) -> str:
    text = str(reason).strip()
    if isinstance(reason, EngineError):
        return text
    return f"{text or repr(reason)}{_origin(reason)}; start it again; if it ends like this once more, report this line"


def _origin(reason: BaseException) -> str:
    """Return the place in the code that nobody thought of, as ` (file:line)`."""
    frames = traceback.extract_tb(reason.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


def _one_line(text: str) -> str:
    """Return the text with nothing in it that could end the line or move a cursor."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))
