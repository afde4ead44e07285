"""What `scan.c` gives, where it was compiled."""

from typing import Any

Field = tuple[str, int, bool, tuple[Any, ...], bytes, int, int, tuple[str, ...]]

class Scanner:
    def __init__(self, fields: tuple[Field, ...], /) -> None: ...
    def scan(self, value: bytes, /) -> tuple[Any, ...] | None: ...
