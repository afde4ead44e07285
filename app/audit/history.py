"""What a board topic has said, key by key; of what a replaced generation of the state said, only what still stands."""

from collections.abc import Sequence

from app.audit.published import Published
from schemas.replaced import NEVER_A_BOARD, is_replacement


class History:
    """Every record of a board topic that is to be judged. `add` them partition by partition, in offset order.

    A rebuild may have counted by other rules, so what was published before it, and is not the newest of its key, is
    nothing that the new rules could be held to.
    """

    def __init__(self) -> None:
        self.keys: dict[str, list[Published]] = {}
        self._earlier: set[str] = set()

    def add(self, raw_key: bytes, record: Published, headers: Sequence[tuple[str, bytes]]) -> None:
        """Take one record in."""
        if raw_key == NEVER_A_BOARD and record.value is None and is_replacement(headers):
            self._replaced(record.partition)
        key = raw_key.decode(errors="backslashreplace")
        if key in self._earlier:
            self._earlier.discard(key)
            self.keys[key].clear()
        self.keys.setdefault(key, []).append(record)

    def _replaced(self, partition: int) -> None:
        for key, records in self.keys.items():
            if records[-1].partition == partition:
                del records[:-1]
                self._earlier.add(key)
