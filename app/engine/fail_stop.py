"""The one way out: say why in one line and end the process before anything else can be written."""

import os
import sys
from collections.abc import Callable
from typing import Final, NoReturn

EXIT_CODE: Final = 3

FailStop = Callable[[BaseException], NoReturn]


def fail_stop(reason: BaseException) -> NoReturn:
    """End the process with exit code 3. No handler, no `finally`, no flush of what is half done."""
    text = " ".join(str(reason).split()) or repr(reason)
    line = f"giftstream worker stopped, nothing lost: {type(reason).__name__}: {text}\n"
    os.write(sys.stderr.fileno(), line.encode(errors="replace"))
    os._exit(EXIT_CODE)
