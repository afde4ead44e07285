"""By how much the changed rows grew, told in bulk: a gift changes several, and to tell is a call out of the domain."""

from typing import Any, Final

from mypy_extensions import i64

from agents.domain.tables import FamilyT

TOLD: Final = 8192
"""In bytes. So much may be untold when somebody looks whether a run is full; the batch has room for far more."""


class Growth:
    """The estimated size by which rows changed; `family` is that of one of them, as all lie in one run."""

    __slots__ = ("_bytes", "_family")

    def __init__(self, family: FamilyT[Any]) -> None:
        self._family = family
        self._bytes: i64 = 0

    def add(self, size: i64) -> None:
        """A row changed for the first time in a run, or grew."""
        self._bytes += size
        if self._bytes >= TOLD:
            self._family.grow(self._bytes)
            self._bytes = 0

    def cut(self) -> None:
        """The changed rows are about to be taken: the next run begins empty."""
        self._bytes = 0
