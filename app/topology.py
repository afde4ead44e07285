"""Every topic: its name, its partitions, and the settings that are demanded or only advised."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from app.settings import Settings

DAY_MS: Final = 86_400_000

BOARD_RETENTION_MS: Final = 9 * DAY_MS
"""Longer than the 8 days until the last board gets its tombstone, or boards would vanish without one."""

BATCH_BYTES: Final = 8 * 1024 * 1024
"""The worker writes batches of up to 4 MiB, to the changelog and, by the same producer, elsewhere."""

SEGMENT_BYTES: Final = 64 * 1024 * 1024
"""Kafka never compacts the segment that it writes to, so a small one keeps recovery short."""


FILLING: Final = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": str(2**63 - 1),
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
"""How a source topic is set while a repartition copies history into it, append times and all."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `demanded` is checked before a worker starts; `advised` is only given to a new topic."""

    name: str
    partitions: int
    demanded: dict[str, str]
    advised: dict[str, str] = field(default_factory=dict)
    role: str = "public"

    @property
    def configs(self) -> dict[str, str]:
        """The settings of a new topic."""
        return self.demanded | self.advised


@dataclass(frozen=True, slots=True)
class Topology:
    """All topics of one pipeline."""

    gifts: Topic
    totals: Topic
    gifters: Topic
    streams: Topic
    spikes: Topic
    dead_letters: Topic
    partials: Topic
    changelog: Topic

    def __iter__(self) -> Iterator[Topic]:
        return iter(getattr(self, name) for name in self.__slots__)


def topology(settings: Settings) -> Topology:
    """Return the topics that the settings ask for."""
    prefix, app_id, count = settings.topic_prefix, settings.app_id, settings.partitions
    safe = _durable(settings.replication_factor)
    return Topology(
        gifts=Topic(settings.source_topic, count, _SOURCE | safe, _KEPT, role="source"),
        totals=Topic(f"{prefix}stream-totals.v1", count, _BOARDS, safe | _COMPACTED),
        gifters=Topic(f"{prefix}leaderboards.gifters.v1", count, _BOARDS, safe | _COMPACTED),
        streams=Topic(f"{prefix}leaderboards.streams.v1", 1, _BOARDS, safe | _COMPACTED),
        spikes=Topic(f"{prefix}engagement-spikes.v1", count, _BOARDS, safe | _COMPACTED),
        dead_letters=Topic(f"{prefix}gifts.dead-letter.v1", count, _LETTERS, safe | _KEPT),
        partials=Topic(f"{app_id}-partials.v1", 1, _INTERNAL, safe | _COMPACTED, role="internal"),
        changelog=Topic(f"{app_id}-state-changelog", count, _INTERNAL | safe, _COMPACTED, role="state"),
    )


def _durable(replicas: int) -> dict[str, str]:
    """A write counts once two of three replicas have it; a replica that is behind never becomes leader."""
    in_sync = 2 if replicas >= 3 else 1
    return {"min.insync.replicas": str(in_sync), "unclean.leader.election.enable": "false"}


_SOURCE: Final = {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime"}
_KEPT: Final = {"retention.ms": str(BOARD_RETENTION_MS)}
_COMPACTED: Final = {"segment.bytes": str(SEGMENT_BYTES)}
_BOARDS: Final = {
    "cleanup.policy": "compact,delete",
    "retention.ms": str(BOARD_RETENTION_MS),
    "max.message.bytes": str(BATCH_BYTES),
}
_LETTERS: Final = {"cleanup.policy": "delete", "max.message.bytes": str(BATCH_BYTES)}
_INTERNAL: Final = {
    "cleanup.policy": "compact",
    "delete.retention.ms": str(DAY_MS),
    "max.message.bytes": str(BATCH_BYTES),
}
