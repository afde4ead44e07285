"""The load generator's gifts, with hostile records at the start, in the middle and at the end of batches."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from app.load.answer import Answer
from app.load.options import LoadOptions
from app.load.simulation import Simulation
from tests.corpus import Hostile
from tests.integration.harness import Pipeline, Place

Record = tuple[bytes | None, bytes | None]
"""Key and value."""

HISTORY_SECONDS = 590
FILLING = 4
"""Good records between two hostile ones."""

SIZES = {"max_batch_size": 32 * 1024 * 1024, "max_request_size": 32 * 1024 * 1024}
"""So that the producer takes what only the broker may refuse, and then by its compressed size."""


class Batch(NamedTuple):
    """Records that are sent as one record batch; the hostile one stands at each of `at`."""

    partition: int
    records: list[Record]
    hostile: Hostile | None = None
    at: Sequence[int] = ()


def past_load(**options: Any) -> Simulation:
    """Return a load that has all happened by now."""
    start_ms = int((time.time() - HISTORY_SECONDS - 5) * 1000)
    return Simulation(LoadOptions(start_ms=start_ms, seconds=HISTORY_SECONDS, **options))


async def send_mixed(
    pipeline: Pipeline, simulation: Simulation, hostiles: Iterable[Hostile]
) -> tuple[Answer, dict[Place, Hostile]]:
    """Send the whole load with the hostile records in it; return its answer, and where those are."""
    by_partition: defaultdict[int, list[Record]] = defaultdict(list)
    for send in simulation:
        by_partition[send.partition].append((send.key, send.value))
    batches = list(_mixed(by_partition, hostiles))
    async with pipeline.producer(compression_type="zstd", **SIZES) as producer:
        bases = await send_batches(producer, pipeline.settings.source_topic, batches)
    placed = {
        (batch.partition, base + at): batch.hostile
        for batch, base in zip(batches, bases, strict=True)
        if batch.hostile is not None
        for at in batch.at
    }
    return simulation.answer, placed


async def send_batches(producer: AIOKafkaProducer, topic: str, batches: Iterable[Batch]) -> list[int]:
    """Send each as one record batch; return their base offsets."""
    acks = []
    for batch in batches:
        filled = producer.create_batch()
        for key, value in batch.records:
            assert filled.append(key=key, value=value, timestamp=None) is not None
        acks.append(await producer.send_batch(filled, topic, partition=batch.partition))
    return [ack.offset for ack in await asyncio.gather(*acks)]


def _mixed(good: dict[int, list[Record]], hostiles: Iterable[Hostile]) -> Iterator[Batch]:
    """Yield a batch for each hostile record, then what is left."""
    sources = {partition: iter(records) for partition, records in good.items()}
    for hostile in hostiles:
        source, bad = sources[hostile.partition], (hostile.key, hostile.value)
        first, second = _some(source, FILLING), _some(source, FILLING)
        assert second, "the load is too small for the corpus"
        at = (0, len(first) + 1, len(first) + len(second) + 2)
        yield Batch(hostile.partition, [bad, *first, bad, *second, bad], hostile, at)
    for partition, source in sources.items():
        while left := _some(source, 500):
            yield Batch(partition, left)


def _some(source: Iterator[Record], count: int) -> list[Record]:
    return [record for _, record in zip(range(count), source, strict=False)]
