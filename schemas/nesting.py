"""How deep JSON may nest, so that its acceptance does not depend on how deep the caller's own stack is."""

import re
from itertools import accumulate
from typing import Final

MAX_DEPTH: Final = 256
SHALLOW_BYTES: Final = 2 * MAX_DEPTH
"""No JSON of at most this many bytes nests deeper than MAX_DEPTH: each level opens and closes."""

_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {byte: 1 if byte in b"[{" else -1 for byte in b"[]{}"}


def too_deep(value: bytes) -> bool:
    """Whether arrays and objects nest deeper than MAX_DEPTH. Any bytes will do; takes linear time."""
    if len(value) <= SHALLOW_BYTES or value.count(b"[") + value.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", value).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH
