"""What `encode.c` gives, where it was compiled."""

from collections.abc import Callable
from typing import Any

def rows(
    tag: str,
    head: bytes,
    changed: dict[str, list[Any]],
    otherwise: Callable[[Any], bytes],
    keys: list[bytes],
    values: list[bytes | None],
    /,
) -> None: ...
