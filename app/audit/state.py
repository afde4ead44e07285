"""What one partition's changelog says: the last value of each key, and the commit row that they stand for."""

from collections.abc import Iterable, Mapping

from app.audit.state_rows import (
    COMMIT_KEY,
    FENCE_KEY,
    TAGS,
    Commit,
    Family,
    RowError,
    check_version,
    read_commit,
    read_key,
    row_key,
)


class State:
    """The rows of one partition. `apply` the changelog's records in offset order, to its end.

    `commit` is None as long as nothing was committed; `malformed` says why a key is no row's.
    """

    def __init__(self) -> None:
        self.commit: Commit | None = None
        self.malformed: dict[bytes, str] = {}
        self._rows: dict[str, dict[bytes, bytes]] = {tag: {} for tag in TAGS}
        self._family = {family: self._rows[tag] for tag, family in TAGS.items()}

    @classmethod
    def of(cls, records: Iterable[tuple[bytes | None, bytes | None]]) -> "State":
        """Return the state that keys and values, in offset order, leave. Raises RowError as `apply` does."""
        state = cls()
        for key, value in records:
            state.apply(key, value)
        return state

    def apply(self, key: bytes | None, value: bytes | None) -> None:
        """Apply a record. Raises RowError for a commit row that cannot be read, and for a row of a newer version."""
        if key == COMMIT_KEY:
            self.commit = read_commit(value or b"")
        elif key != FENCE_KEY:
            self._apply_row(key or b"", value)

    def rows(self, family: Family) -> Mapping[bytes, bytes]:
        """Return the values of a family by key."""
        return self._family[family]

    def get(self, family: Family, group: str, member: str = "") -> bytes | None:
        """Return the value of a row, or None."""
        return self._family[family].get(row_key(family, group, member))

    def __len__(self) -> int:
        return len(self.malformed) + sum(len(rows) for rows in self._rows.values())

    def _apply_row(self, key: bytes, value: bytes | None) -> None:
        rows = self._rows.get(key[:1].decode(errors="replace"), {})
        if not value:
            rows.pop(key, None)
            self.malformed.pop(key, None)
            return
        check_version(key, value)
        if key not in rows:
            try:
                read_key(key)
            except RowError as error:
                self.malformed[key] = str(error)
                return
        rows[key] = value
