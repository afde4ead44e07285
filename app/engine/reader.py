"""Reads changelog partitions back, through the fence row of their new owner."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.engine.changelog import RowLoader

FETCH_BYTES: Final = 4 * 1024 * 1024

FETCH_WAIT_MS: Final = 20
"""A fetch under way delays a change of assignment by as much; what is read here is there already."""


class ChangelogReader:
    """A consumer of its own, in no group: what it reads is decided by the fence alone."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._consumer = AIOKafkaConsumer(
            **connection,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=8 * FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

    async def __aenter__(self) -> "ChangelogReader":
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def end_offsets(self, topic: str, partitions: list[int]) -> dict[int, int]:
        """Return the next offset of each partition."""
        ends = await self._consumer.end_offsets([TopicPartition(topic, number) for number in partitions])
        return {tp.partition: end for tp, end in ends.items()}

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the first offset that is there and the next one to be written."""
        tp = TopicPartition(topic, partition)
        first = await self._consumer.beginning_offsets([tp])
        after = await self._consumer.end_offsets([tp])
        return first[tp], after[tp]

    async def record_at(self, topic: str, partition: int, offset: int) -> Any | None:
        """Return the record at an offset, or None if compaction or retention took it."""
        tp = TopicPartition(topic, partition)
        self._consumer.assign([tp])
        self._consumer.seek(tp, offset)
        batches = await self._consumer.getmany(tp, timeout_ms=5000, max_records=1)
        for record in batches.get(tp, ()):
            return record if record.offset == offset else None
        return None

    async def read(self, topic: str, loaders: Mapping[int, RowLoader], through: Mapping[int, int]) -> None:
        """Apply each partition's rows, from its first through offset `through[partition]`."""
        open_ = {TopicPartition(topic, number) for number in loaders}
        self._consumer.assign(list(open_))
        for tp in open_:
            await self._consumer.seek_to_beginning(tp)
        while open_:
            batches = await self._consumer.getmany(*open_, timeout_ms=1000, max_records=20_000)
            for tp, records in batches.items():
                last = through[tp.partition]
                apply = loaders[tp.partition].apply
                for record in records:
                    if record.offset <= last:
                        apply(record.key, record.value)
            for tp in list(open_):
                if await self._consumer.position(tp) > through[tp.partition]:
                    open_.remove(tp)
            await asyncio.sleep(0)
