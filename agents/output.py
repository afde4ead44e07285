"""Where what the domain publishes goes: topics by name, and one record of them."""

from collections.abc import Sequence
from typing import NamedTuple

from mypy_extensions import mypyc_attr


@mypyc_attr(acyclic=True)
class Output:
    """One record to publish. `partition` counts within `topic`.

    A plain class: a flush makes thousands, and a compiled one takes less than half the time of a named tuple.
    """

    __slots__ = ("headers", "key", "partition", "topic", "value")

    def __init__(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers


class Topics(NamedTuple):
    """The names of the topics that the agents write to."""

    totals: str
    gifters: str
    streams: str
    spikes: str
    dead_letters: str
    partials: str
