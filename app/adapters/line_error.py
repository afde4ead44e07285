"""Why a line is no gift event, told so that a person can act on it."""

from typing import NamedTuple


class LineError(NamedTuple):
    """What was found, what is allowed, and what to do."""

    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found}; allowed: {self.allowed}; {self.remedy}"


class UnfitLine(Exception):
    """Carries a LineError out of the depth of a message. Never leaves this package."""

    def __init__(self, found: str, allowed: str, remedy: str) -> None:
        self.error = LineError(found, allowed, remedy)
        super().__init__(str(self.error))
