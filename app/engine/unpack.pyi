"""What `unpack.c` gives, where it was compiled."""

from typing_extensions import Buffer

class Record:
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

def records(
    data: Buffer, count: int, base_offset: int, base_ms: int, append_ms: int, begin: int, /
) -> list[Record]: ...
