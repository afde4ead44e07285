"""What `pack.c` gives, where it was compiled."""

from collections.abc import Sequence

from app.engine.machine import Output

def outputs(outputs: Sequence[Output], begin: int, most: int, /) -> tuple[bytes, int]: ...
