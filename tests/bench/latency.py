"""How soon a gift is on a board that a consumer can read: `python -m tests.bench.latency [RATE] [SECONDS]`.

Single gifts are measured: the last frame of a streak adds nothing, so no board names it.

Gifts are sent at a steady rate; a consumer follows the gifter boards. A gift's latency runs from the call that sends it
to the moment at which the consumer holds the first board of its stream that names its offset or a later one.
"""

import asyncio
import statistics
import sys
import time
from collections import defaultdict, deque

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.load.options import Faults, LoadOptions
from app.load.simulation import Simulation
from app.settings import Settings
from app.topology import topology
from tests.bench.stage import kafka, worker

WARM_UP_SECONDS = 5.0


class Waiting:
    """Gifts that are not on a board yet, by stream, and the latencies of those that are."""

    def __init__(self) -> None:
        self.gifts: defaultdict[str, deque[tuple[int, float]]] = defaultdict(deque)
        self.latencies: list[float] = []

    def board(self, stream: str, offset: int, now: float) -> None:
        waiting = self.gifts[stream]
        while waiting and waiting[0][0] <= offset:
            self.latencies.append(now - waiting.popleft()[1])


async def main(rate: float, seconds: float) -> None:
    """Run once and print the figures."""
    async with kafka() as settings, worker(settings):
        waiting = Waiting()
        reader = asyncio.create_task(_read(settings, waiting))
        await _send(settings, rate, seconds, waiting)
        await asyncio.sleep(2)
        reader.cancel()
    cuts = statistics.quantiles(waiting.latencies, n=1000)
    p50, p99, p999 = (1000 * cuts[at] for at in (499, 989, 998))
    missing = sum(map(len, waiting.gifts.values()))
    print(f"{rate:,.0f} events/s, {len(waiting.latencies):,} gifts seen on boards, {missing} not")
    print(f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, p99.9 {p999:.0f} ms")


async def _send(settings: Settings, rate: float, seconds: float, waiting: Waiting) -> None:
    options = LoadOptions(rate=rate, seconds=2 * seconds, spike=1, faults=Faults.none())
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker, enable_idempotence=True, linger_ms=1)
    await producer.start()
    started = time.time()
    try:
        for number, one in enumerate(Simulation(options)):
            due = number / rate
            if due > seconds:
                break
            event = orjson.loads(one.value or b"{}") | {"event_time_ms": int(time.time() * 1000)}
            if (pause := started + due - time.time()) > 0.001:
                await asyncio.sleep(pause)
            called = time.time()
            ack = await producer.send(settings.source_topic, orjson.dumps(event), one.key, one.partition)
            if due > WARM_UP_SECONDS and event["phase"] == "single":
                ack.add_done_callback(lambda done, key=one.key, at=called: _sent(waiting, key.decode(), done, at))
        await producer.flush()
    finally:
        await producer.stop()


def _sent(waiting: Waiting, stream: str, ack: "asyncio.Future[object]", called: float) -> None:
    waiting.gifts[stream].append((ack.result().offset, called))  # type: ignore[attr-defined]


async def _read(settings: Settings, waiting: Waiting) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker, auto_offset_reset="latest", fetch_max_wait_ms=100)
    await consumer.start()
    topic = topology(settings).gifters.name
    consumer.assign([TopicPartition(topic, number) for number in range(settings.partitions)])
    try:
        async for record in consumer:
            if record.value is not None:
                board = orjson.loads(record.value)
                (offset,) = board["position"]["offsets"].values()
                waiting.board(board["stream_id"], offset, time.time())
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(*(float(text) for text in (sys.argv[1:] or ["1000", "30"]))))
