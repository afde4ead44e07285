"""What an audit has to be told, because neither the log nor the boards say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

BoardKind = Literal["totals", "gifters", "streams"]


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics an audit reads.

    `dead_letters` is read only for the records an operator quarantined, `changelog` only if state is compared.
    """

    source: str = "gifts.v1"
    totals: str = "stream-totals.v1"
    gifters: str = "leaderboards.gifters.v1"
    streams: str = "leaderboards.streams.v1"
    dead_letters: str = "gifts.dead-letter.v1"
    partials: str = "giftstream-partials.v1"
    changelog: str = "giftstream-state-changelog"

    @classmethod
    def named(cls, prefix: str = "", app_id: str = "giftstream") -> "Topics":
        """Return the names of an installation; the internal topics are named after the application alone."""
        return cls(
            source=f"{prefix}gifts.v1",
            totals=f"{prefix}stream-totals.v1",
            gifters=f"{prefix}leaderboards.gifters.v1",
            streams=f"{prefix}leaderboards.streams.v1",
            dead_letters=f"{prefix}gifts.dead-letter.v1",
            partials=f"{app_id}-partials.v1",
            changelog=f"{app_id}-state-changelog",
        )

    @property
    def boards(self) -> dict[BoardKind, str]:
        """The topic of each kind of board."""
        return {"totals": self.totals, "gifters": self.gifters, "streams": self.streams}


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """The settings of the audited worker. Times are in ms, unless the name says seconds.

    `quarantined` holds (partition, offset) of records that the operator named. `settle_seconds` is how long a
    running merge may take to bring onto the merged boards what the partitions had published when the audit began;
    0 where nothing is running. `state` asks for the rows of state to be compared too; `big_gift` is the value from
    which one gift is big, by unit (`minor` for every currency), None if that is not known.
    """

    topics: Topics = field(default_factory=Topics)
    partitions: int = 4
    partitioner: Literal["murmur2", "crc32", "any"] = "murmur2"
    horizon_ms: int = 600_000
    lateness_ms: int = 30_000
    time_zone: str = "UTC"
    top_n: int = 10
    quarantined: frozenset[tuple[int, int]] = frozenset()
    settle_seconds: float = 6.0
    state: bool = False
    big_gift: Mapping[str, int] | None = None
