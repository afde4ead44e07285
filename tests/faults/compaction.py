"""Has the broker compact the changelog now, instead of some day."""

from typing import Final

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.broker.config import NODE_ID
from app.topic_reader import read_to_end
from app.topics import admin
from tests.faults.stage import Stage
from tests.integration.waiting import until

EAGER: Final = {
    "segment__ms": "500",
    "segment__bytes": str(1024 * 1024),
    "min__cleanable__dirty__ratio": "0.001",
}

GONE: Final = 0.1
"""The share of all rows that is to be gone."""


async def compact_eagerly(stage: Stage) -> None:
    """Have the changelog compacted from now on, as soon as there is anything to gain."""
    async with admin(stage.settings) as client:
        often = {"log.cleaner.backoff.ms": "200"}
        await client.alter_configs([ConfigResource(ConfigResourceType.BROKER, str(NODE_ID), configs=often)])
    await stage.topics.alter(stage.topics.topics.changelog, **EAGER)


async def compact(stage: Stage) -> None:
    """Return when a good part of the rows that newer ones replace is gone. A worker must be writing meanwhile."""
    await compact_eagerly(stage)
    changelog = stage.topics.topics.changelog.name

    async def is_compacted() -> bool:
        return await _gone(stage, changelog) > GONE

    await until(is_compacted, "the changelog is compacted")
    stage.notes.append(f"compacted: {await _gone(stage, changelog):.0%} of the changelog's rows are gone")


async def _gone(stage: Stage, topic: str) -> float:
    """Return the share of the rows that were written and are not there any more."""
    there, last = 0, dict.fromkeys(range(stage.settings.partitions), -1)
    async for record in read_to_end(stage.settings, [topic]):
        there += 1
        last[record.partition] = record.offset
    written = sum(last.values()) + len(last)
    return 1 - there / written if written else 0.0
