"""What a repartition tells: each in words, and as a value for machines."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from app.rebuild.progress import Counted


class Copied(Counted):
    """How far it is."""

    phase: ClassVar[str] = "copying"
    done: ClassVar[str] = "copied"


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """All of the old log is in the new one, `copied` records; workers of `app_id` may start."""

    source: str
    topic: str
    app_id: str
    partitions: int
    copied: int

    def __str__(self) -> str:
        return (
            f"caught up: the {self.copied:,} records of {self.source} are in {self.topic}. Now start workers with "
            f"GIFTSTREAM_APP_ID={self.app_id} and GIFTSTREAM_PARTITIONS={self.partitions}; point producers to "
            f"{self.topic}, then readers to the new boards; then stop the old workers. "
            f"What still comes to {self.source} is copied"
        )

    def as_dict(self) -> dict[str, Any]:
        return {"phase": "caught_up", **asdict(self)}


@dataclass(frozen=True, slots=True)
class Ended:
    """The end: `copied` records since the repartition was begun, `left` offsets of the old log are not copied."""

    source: str
    topic: str
    copied: int
    left: int
    caught_up: bool

    def __str__(self) -> str:
        if not self.left and self.caught_up:
            return f"ended: {self.source} is silent, and its {self.copied:,} records are in {self.topic}"
        left = f"{self.left:,} are left" if self.left else "all there were"
        return f"stopped: {self.copied:,} records are copied, {left}; run it again, and it goes on"

    def as_dict(self) -> dict[str, Any]:
        return {"phase": "ended", **asdict(self)}


Event = Counted | CaughtUp | Ended
