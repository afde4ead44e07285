"""What the topics say at the end: how far each partition is, its ledger, the totals, the spikes."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.connection import client_options
from app.settings import Settings
from app.topic_reader import read_to_end
from app.topology import topology
from schemas.partial import Ledger

POLL_SECONDS = 0.5


async def wait_until_counted(settings: Settings, alive: Callable[[], None]) -> None:
    """Return when everything on the source topic has been counted and published. `alive` raises if it never will."""
    ends = await _ends(settings)
    while True:
        alive()
        progress = await read_progress(settings)
        if all(progress.get(number, {"position": 0})["position"] >= end for number, end in ends.items()):
            return
        await asyncio.sleep(POLL_SECONDS)


async def _ends(settings: Settings) -> dict[int, int]:
    """The end of each source partition."""
    consumer = AIOKafkaConsumer(**client_options(settings))
    await consumer.start()
    try:
        tps = [TopicPartition(settings.source_topic, number) for number in range(settings.partitions)]
        return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}
    finally:
        await consumer.stop()


async def read_progress(settings: Settings) -> dict[int, dict[str, Any]]:
    """Return each partition's newest progress."""
    found: dict[int, dict[str, Any]] = {}
    async for record in read_to_end(settings, [topology(settings).partials.name]):
        if record.value is not None and b"|" not in (record.key or b"|"):
            found[int(record.key)] = orjson.loads(record.value)
    return found


async def read_ledger(settings: Settings) -> Ledger:
    """Return the sum of all partitions' ledgers."""
    ledgers = [progress["ledger"] for progress in (await read_progress(settings)).values()]
    return Ledger(**{field: sum(ledger[field] for ledger in ledgers) for field in Ledger.__struct_fields__})


async def read_totals(settings: Settings) -> dict[tuple[str, str], tuple[int, int]]:
    """Return value and sends of each stream's whole broadcast, by (stream_id, unit)."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    async for record in read_to_end(settings, [topology(settings).totals.name]):
        if record.value is not None and b"|stream|" in record.key:
            board = orjson.loads(record.value)
            found[board["stream_id"], board["unit"]] = (board["value"], board["sends"])
    return found


async def count_spikes(settings: Settings) -> int:
    """Return how many spikes were published, big gifts aside."""
    topic = topology(settings).spikes.name
    return len({one.key async for one in read_to_end(settings, [topic]) if one.value and b"|spike|" in one.key})
