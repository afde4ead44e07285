"""What a rebuild leaves on the board topics: tombstones that take back what an earlier generation of the state said.

One under a key may be followed by a value of any revision. One under `NEVER_A_BOARD` says, of its whole partition,
that another generation publishes from here on.
"""

from collections.abc import Sequence
from typing import Final

from schemas.dead_letter import HEADER_PREFIX

NEVER_A_BOARD: Final = b"global|coin|1m|0"
"""No gift is from 1970, so under this key a tombstone tells readers of boards nothing."""

REPLACED_BY: Final = f"{HEADER_PREFIX}replaced-by"


def replacement(app_id: str) -> Sequence[tuple[str, bytes]]:
    """Return the headers of a tombstone by a rebuild into that app id."""
    return ((REPLACED_BY, app_id.encode()),)


def is_replacement(headers: Sequence[tuple[str, bytes]]) -> bool:
    """Tell whether a tombstone with these headers is of a rebuild."""
    return any(name == REPLACED_BY for name, _ in headers)
