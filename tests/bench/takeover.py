"""How soon a worker that takes over half of a large state is ready: `python -m tests.bench.takeover [RECORDS]`.

A first worker counts gifts on 8 partitions, by default so many that its state has a million rows. Then a second one
joins, and half of the partitions move to it. By the second worker's own metric, the takeover runs from the end of the
rebalance until those partitions are counted on; what each worker read is told by its log.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import psutil
from confluent_kafka import Producer

from tests.bench.broker import large
from tests.integration.harness import Pipeline, pipeline
from tests.integration.waiting import until
from tests.integration.worker_process import WorkerProcess

PARTITIONS: Final = 8
RECORDS: Final = 660_000
STREAMS: Final = 5_000
GIFTS: Final = 60
EVENT_MS: Final = 60_000
COUNTED_SECONDS: Final = 180.0

GIFT: Final = (
    b'{"event_id":"tiktok:e%d","platform":"tiktok","stream_id":"tiktok:%d","channel_id":"channel","region":"DE",'
    b'"sender_id":"gifter-%d","sender_name":"A gifter","gift_id":"gift-%d","gift_name":"A gift","unit_value":5,'
    b'"value_unit":"coin","quantity":1,"event_time_ms":%d,"phase":"single"}'
)


async def main(records: int) -> None:
    """Run once and print the figures."""
    broker = large()
    try:
        await asyncio.to_thread(broker.start)
        async with pipeline(broker.bootstrap, partitions=PARTITIONS, session_timeout_seconds=30) as one:
            first = await one.worker()
            await asyncio.to_thread(_send, one, records)
            await one.counted(COUNTED_SECONDS)
            print(f"{records:,} gifts to {STREAMS:,} streams counted on {PARTITIONS} partitions", flush=True)
            await _take_over(one, first)
    finally:
        await asyncio.to_thread(broker.stop)


def _send(one: Pipeline, records: int) -> None:
    """Send gifts of which each makes rows: it is its sender's first, and often the first of its kind to its stream."""
    producer = Producer({"bootstrap.servers": one.settings.broker, "partitioner": "murmur2_random", "linger.ms": 50})
    start_ms = int(time.time() * 1000) - EVENT_MS
    for number in range(records):
        stream, gift, at_ms = number % STREAMS, number // STREAMS % GIFTS, start_ms + EVENT_MS * number // records
        producer.produce(one.settings.source_topic, GIFT % (number, stream, number, gift, at_ms), b"tiktok:%d" % stream)
        if number % 1_000 == 0:
            producer.flush()
    producer.flush()


async def _take_over(one: Pipeline, first: WorkerProcess) -> None:
    """Let a second worker join, and print what that took."""
    read_before = _rows_read(first)
    begun = time.monotonic()
    second = await one.worker()
    await until(lambda: _own_half(first, second), "each worker owns half of the partitions and shows its rows")
    joined, cpu = time.monotonic() - begun, sum(psutil.Process(second.pid).cpu_times()[:2])
    held = [await _rows_held(each) for each in (first, second)]
    rows, seconds, again = _rows_read(second), await _seconds(second), _rows_read(first) - read_before
    print(f"{sum(held):,} rows of state, {held[1]:,} of them moved to a second worker")
    print(f"taken over in {seconds:.1f} s: {rows:,} rows recovered, {rows / seconds:,.0f} a second")
    print(f"ready {joined:.1f} s after its start, in which it took {cpu:.1f} s of CPU")
    print(f"read again by the first worker: {again:,} rows")
    print(f"resident at most: {first.resident_bytes / 2**20:,.0f} and {second.resident_bytes / 2**20:,.0f} MiB")


async def _own_half(first: WorkerProcess, second: WorkerProcess) -> bool:
    return [await each.owned() for each in (first, second)] == [PARTITIONS // 2] * 2 and await _rows_held(second) > 0


async def _rows_held(worker: WorkerProcess) -> int:
    return int(sum((await worker.metrics())["giftstream_table_keys"].values()))


async def _seconds(worker: WorkerProcess) -> float:
    """Return how long the worker's takeovers have taken, from rebalanced to counting on."""
    return (await worker.metrics())["giftstream_rebalance_duration_seconds_sum"]["recover",]


def _rows_read(worker: WorkerProcess) -> int:
    """Return how many rows the worker has recovered, by its log: the newest ones of their keys."""
    return sum(line["rows"] for line in _told(worker) if line["event"] == "recovered")


def _told(worker: WorkerProcess) -> Sequence[dict[str, Any]]:
    return [json.loads(line) for line in worker.said.splitlines() if line.startswith("{")]


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS))
