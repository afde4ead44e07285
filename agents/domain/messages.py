"""What a cut asks to be published."""

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from agents.domain.board import AnyBoard
from agents.domain.expiry import Tomb
from agents.domain.small_rows import Outgoing

Topic = Literal["totals", "gifters", "partials", "spikes"]
TOPICS: Final[tuple[Topic, ...]] = get_args(Topic)


Message = tuple[Topic, str, bytes | None]
"""One of the topics, a key, and its value; None is a tombstone. A cut makes thousands, and named tuples are slow."""


@dataclass(slots=True, eq=False)
class Cut:
    """What to publish once the rows changed so far are durable, in order.

    `progress`: the last message is the partition's progress, which speaks of all others and goes out after them. The
    rest is what the fold needs to know when that was acknowledged: `watermark` at the cut, `since`, the first
    offset with a change in it, and the boards, tombs and outgoing rows behind the messages.
    """

    watermark: int
    since: int
    messages: list[Message] = field(default_factory=list)
    progress: bool = False
    boards: dict[AnyBoard, None] = field(default_factory=dict)
    tombs: list[Tomb] = field(default_factory=list)
    outgoing: dict[str, Outgoing] = field(default_factory=dict)
