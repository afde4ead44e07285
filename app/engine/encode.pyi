"""What `encode.c` gives, where it was compiled."""

from collections.abc import Callable
from typing import Any

def rows(
    tag: str,
    head: bytes | None,
    changed: dict[str, list[Any]],
    otherwise: Callable[[Any], bytes],
    records: bytearray,
    number: int,
    /,
) -> int: ...
