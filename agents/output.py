"""Where what the domain publishes goes: topics by name, and one record of them."""

from collections.abc import Sequence
from typing import NamedTuple


class Output(NamedTuple):
    """One record to publish. `partition` counts within `topic`."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Topics(NamedTuple):
    """The names of the topics that the agents write to."""

    totals: str
    gifters: str
    streams: str
    spikes: str
    dead_letters: str
    partials: str
