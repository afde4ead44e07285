"""How far a repartition has come: offsets of the old log, in a consumer group of its own.

They are committed in the transaction that holds the copies, so they are true whatever dies. The first are committed
before anything else is done: where there are none, no repartition into this app id was ever begun.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import orjson
from aiokafka import TopicPartition
from aiokafka.errors import CoordinatorLoadInProgressError
from aiokafka.structs import OffsetAndMetadata

from app.engine.connecting import connected
from app.errors import UsageError
from app.settings import Settings
from app.topics import admin

NEW_ONES: Final = "Set GIFTSTREAM_APP_ID and GIFTSTREAM_TOPIC_PREFIX to new ones"


class Done(NamedTuple):
    """Of one partition of the old log: the next offset to copy, and how many records were."""

    offset: int
    copied: int = 0


def name(settings: Settings) -> str:
    """Return the name of the consumer group, which is the transactional id, too."""
    return f"{settings.app_id}-repartition"


def offsets(done: Mapping[int, Done], source: str, into: str) -> dict[TopicPartition, OffsetAndMetadata]:
    """Return what is committed."""
    return {
        TopicPartition(source, number): OffsetAndMetadata(
            one.offset, orjson.dumps({"into": into, "copied": one.copied}).decode()
        )
        for number, one in done.items()
    }


async def read(settings: Settings, source: str, partitions: int) -> dict[int, Done]:
    """Return what was committed, by partition of the topic; nothing if none was begun.

    Raises UsageError if it was begun into another topic.
    """
    wanted = [TopicPartition(source, number) for number in range(partitions)]
    told: dict[TopicPartition, OffsetAndMetadata] = {}

    async def ask() -> None:
        told.update(await client.list_consumer_group_offsets(name(settings), partitions=wanted))
        # aiokafka passes over an error of the whole answer (0.14.0), which names no partition then.
        if len(told) < len(wanted):
            raise CoordinatorLoadInProgressError

    async with admin(settings) as client:
        # A cluster that never had a consumer group makes the topic for them when it is first asked.
        await connected(ask)
    return {tp.partition: _done(settings, source, at) for tp, at in told.items() if at.offset >= 0}


def _done(settings: Settings, source: str, at: OffsetAndMetadata) -> Done:
    more = orjson.loads(at.metadata or "{}")
    if more.get("into") != settings.source_topic:
        raise UsageError(
            f"App id {settings.app_id} is for the copy of {source} in {more.get('into')}",
            do=f"{NEW_ONES}, or the prefix to that one's",
        )
    return Done(at.offset, more["copied"])
