"""Nobody else may write to the new log before history is in: behind newer gifts it would be too old to be counted."""

from collections.abc import Iterable, Mapping

from app.errors import FailStop
from app.repartition.claim import NEW_ONES


class Alone:
    """Watches the offsets at which our own records are kept."""

    def __init__(self, topic: str, ends: Mapping[int, int]) -> None:
        """`ends`: where each partition of the new log ends now."""
        self._topic = topic
        self._ends = dict(ends)

    def kept(self, number: int, offset: int, records: int) -> None:
        """Take in that a batch is kept at an offset; -1 if the broker does not tell. Raises FailStop for a gap."""
        expected = self._ends[number]
        if offset not in (expected, -1):
            raise FailStop(
                f"{self._topic}[{number}]: somebody else has written at {expected}, before the old log is in: its "
                "records would come behind it, too late to be counted",
                do=f"Stop who sends there. {NEW_ONES}, and begin anew",
            )
        self._ends[number] = expected + records

    def committed(self, numbers: Iterable[int]) -> None:
        """Take in that a transaction is over: its marker has an offset in each partition that it wrote to."""
        for number in numbers:
            self._ends[number] += 1
