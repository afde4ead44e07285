"""What is remembered of single records for the horizon: ids, and how far each streak has come. Times are in ms."""

from msgspec import Struct

StreakKey = tuple[str, str, str, str, str]
"""Stream, sender, recipient, gift and streak; empty where there is none."""


class Memory(Struct, frozen=True, gc=False):
    """The record that brought an id, the time it is remembered from, and if it may have been heard of before that."""

    offset: int
    heard_ms: int
    tainted: bool


class Streak(Struct, gc=False):
    """The most that any frame of a streak has said, when it was last heard of, and if it may have begun before."""

    sends: int = 0
    value: int = 0
    heard_ms: int = 0
    tainted: bool = False


class Keeper:
    """Says what is still to be compared, and so must not be let go when it is past its time: this one, nothing."""

    def keeps_board(self, key: str) -> bool:
        """Say it of a stream's board."""
        return False

    def keeps_scope(self, key: str) -> bool:
        """Say it of a scope's board."""
        return False

    def keeps_streak(self, key: StreakKey) -> bool:
        """Say it of a streak."""
        return False
