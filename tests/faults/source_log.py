"""What may befall a source log: retention, truncation, deletion, more partitions. And counting it anew."""

from pathlib import Path
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete

from app.connection import client_options
from app.engine.reader import LogReader
from app.topics import admin, create
from tests.faults.journal import Journal
from tests.faults.load import SourceLog
from tests.faults.stage import Stage
from tests.integration.harness import Pipeline
from tests.integration.waiting import until

BATCH_OVERHEAD: Final = 12
"""Bytes of a record batch that its own length does not count: base offset and length."""


async def end_of(stage: Stage, partition: int) -> int:
    """Return the next offset of a partition of the source log."""
    reader = LogReader(client_options(stage.settings))
    return (await reader.end_offsets(stage.settings.source_topic, [partition]))[partition]


async def delete_before(stage: Stage, partition: int, offset: int) -> None:
    """Delete records as retention does."""
    async with admin(stage.settings) as client:
        place = TopicPartition(stage.settings.source_topic, partition)
        await client.delete_records({place: RecordsToDelete(before_offset=offset)})


def segment(stage: Stage, partition: int) -> Path:
    """Return the file that holds a partition of the source log, while it is small enough for one."""
    (file,) = (stage.broker.directory / "data" / f"{stage.settings.source_topic}-{partition}").glob("*.log")
    return file


def cut_off(log: bytes, offset: int) -> bytes:
    """Return the whole record batches of a segment that lie before an offset."""
    at = 0
    while at < len(log):
        begin, size = int.from_bytes(log[at : at + 8], "big"), int.from_bytes(log[at + 8 : at + 12], "big")
        following = at + BATCH_OVERHEAD + size
        if int.from_bytes(log[following : following + 8], "big") > offset or begin >= offset:
            break
        at = following
    return log[:at]


async def recreate(stage: Stage) -> None:
    """Delete the source topic, and create it with nothing in it."""
    await _renew(stage, [stage.settings.source_topic])
    stage.log = SourceLog()
    stage.answers = []


async def add_partitions(stage: Stage, total: int) -> None:
    """Let the source topic have more partitions."""
    async with admin(stage.settings) as client:
        await client.create_partitions({stage.settings.source_topic: NewPartitions(total_count=total)})


async def count_anew(stage: Stage, **changed: Any) -> None:
    """Take a new app id, and boards that begin anew. What the workers did until now is forgotten."""
    outputs = [topic.name for topic in stage.topics.topics if topic.role == "public"]
    stage.settings = stage.settings.model_copy(update={"app_id": f"{stage.settings.app_id}-anew"} | changed)
    stage.folder /= "anew"
    stage.folder.mkdir()
    stage.topics = Pipeline(stage.settings, stage.folder)
    stage.journal.close()
    stage.journal = Journal(stage.folder, stage.settings.partitions)
    await _renew(stage, outputs)


async def _renew(stage: Stage, topics: list[str]) -> None:
    async with admin(stage.settings) as client:
        await client.delete_topics(topics)
    missing = set(topics)

    async def are_new() -> bool:
        missing.difference_update(await create(stage.settings))
        return not missing

    await until(are_new, f"{topics} are new ones")
