"""What libraries say again and again: while a broker is away, aiokafka tells of each try, hundreds a second."""

import logging
import math
import time
from collections.abc import Callable, Iterable
from typing import Final

EVERY_SECONDS: Final = 10.0

KEPT: Final = 1_000
"""Messages that are remembered; some libraries put figures into them."""


class Repeats(logging.Filter):
    """Lets a message of the named loggers, and those below them, through once in `EVERY_SECONDS`.

    The next one that comes through says how many were left out. What makes two messages the same one is their text
    before figures are put in.
    """

    def __init__(self, names: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._names = frozenset(names)
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to let it through."""
        if record.name.partition(".")[0] not in self._names:
            return True
        now, key = self._clock(), (record.name, str(record.msg))
        told_at, left_out = self._told.get(key, (-math.inf, 0))
        if now - told_at < EVERY_SECONDS:
            self._told[key] = told_at, left_out + 1
            return False
        if len(self._told) >= KEPT:
            self._told.clear()
        self._told[key] = now, 0
        if left_out:
            record.msg = f"{record.msg} (and {left_out} times more before)"
        return True
