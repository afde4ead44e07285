"""Has the broker compact topics now, instead of some day, and says what it took."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.broker.config import NODE_ID
from app.topic_reader import read_to_end
from app.topics import admin
from app.topology import Topic
from tests.faults.stage import Stage
from tests.integration.waiting import until

EAGER: Final = {
    "segment__ms": "500",
    "segment__bytes": str(1024 * 1024),
    "min__cleanable__dirty__ratio": "0.001",
}

GONE: Final = 0.1
"""The share of all rows that is to be gone."""


async def compact_eagerly(stage: Stage, *topics: Topic, **more: str) -> None:
    """Have topics (the changelog, if none is named) compacted from now on, as soon as there is anything to gain.

    `more` are other settings of theirs, with `__` for a dot.
    """
    async with admin(stage.settings) as client:
        often = {"log.cleaner.backoff.ms": "200"}
        await client.alter_configs([ConfigResource(ConfigResourceType.BROKER, str(NODE_ID), configs=often)])
    for topic in topics or (stage.topics.topics.changelog,):
        await stage.topics.alter(topic, **(EAGER | more))


async def compact(stage: Stage) -> None:
    """Return when a good part of the rows that newer ones replace is gone. A worker must be writing meanwhile."""
    await compact_eagerly(stage)
    changelog = stage.topics.topics.changelog.name
    taken = Taken(stage, [changelog])

    async def is_compacted() -> bool:
        await taken.look()
        return taken.share(changelog) > GONE

    await until(is_compacted, "the changelog is compacted")
    stage.notes.append(f"compacted: {taken.share(changelog):.0%} of the changelog's rows are gone")


Key = tuple[str, int, bytes]
"""Topic, partition and key of a row."""


class Taken:
    """What compaction has taken from topics, as of the last `look`.

    `gone` are the rows of each topic that were written and are not there any more, `times` how many looks found more
    of them gone than the one before, and `tombstones` how many keys were found deleted at one look and not at all at
    the next.
    """

    def __init__(self, stage: Stage, topics: Sequence[str]) -> None:
        self.gone: Counter[str] = Counter()
        self.times: Counter[str] = Counter()
        self.tombstones: Counter[str] = Counter()
        self._stage = stage
        self._topics = topics
        self._written: Counter[str] = Counter()
        self._deleted: set[Key] = set()

    async def look(self) -> None:
        """Read everything that is there."""
        there: Counter[str] = Counter()
        last: dict[tuple[str, int], int] = {}
        deleted: dict[Key, bool] = {}
        async for record in read_to_end(self._stage.settings, self._topics):
            there[record.topic] += 1
            last[record.topic, record.partition] = record.offset
            deleted[record.topic, record.partition, record.key] = record.value is None
        self._written.clear()
        for (topic, _), offset in last.items():
            self._written[topic] += offset + 1
        self._compare(there)
        self.tombstones.update(topic for topic, *_ in self._deleted - deleted.keys())
        self._deleted = {key for key, is_deleted in deleted.items() if is_deleted}

    def share(self, topic: str) -> float:
        """Return the share of a topic's rows that is gone."""
        return self.gone[topic] / self._written[topic] if self._written[topic] else 0.0

    def _compare(self, there: Counter[str]) -> None:
        for topic in self._topics:
            gone = self._written[topic] - there[topic]
            self.times[topic] += gone > self.gone[topic]
            self.gone[topic] = gone
