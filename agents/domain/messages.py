"""What a cut asks to be published."""

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, get_args

from agents.domain.board import AnyBoard
from agents.domain.expiry import Tomb
from agents.domain.small_rows import Outgoing

Topic = Literal["totals", "gifters", "partials", "spikes"]
TOPICS: Final[tuple[Topic, ...]] = get_args(Topic)


class Message(NamedTuple):
    """A value for a key of one of the topics; None is a tombstone."""

    to: Topic
    key: str
    value: bytes | None


@dataclass(slots=True, eq=False)
class Cut:
    """What to publish once the rows changed so far are durable, in order.

    The rest is what the fold needs to know when that was acknowledged: `watermark` at the cut, `since`, the first
    offset with a change in it, and the boards, tombs and outgoing rows behind the messages.
    """

    watermark: int
    since: int
    messages: list[Message] = field(default_factory=list)
    boards: dict[AnyBoard, None] = field(default_factory=dict)
    tombs: list[Tomb] = field(default_factory=list)
    outgoing: dict[str, Outgoing] = field(default_factory=dict)
