"""The ceiling: a bare aiokafka + msgspec loop into dicts. It keeps nothing, so it is no contender but a bound.

What was tuned:
- fetches of 4 MiB a partition, and no cap on the records of a poll: few turns of the event loop (uvloop's made no
  difference);
- the stream is the record's key, so of the JSON only three numbers and the sender are decoded, into a msgspec Struct
  that the garbage collector does not track. One call a record: joining a batch into one JSON array and decoding that
  in one call made the loop a quarter slower (0.9M against 1.2M events/s);
- sums since the last rows are kept apart and added to the whole when rows go out, so that what has changed is known
  without a note of it; by stream first, which makes small dicts and short keys;
- rows are appended to record batches of the source's partition, with no future each;
- the garbage collector is off: the loop makes no cycles.
"""

import asyncio
import gc
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.bench.peers.gift import KeyedGift
from tests.bench.peers.task import MINUTE_MS, PARTITIONS, Task, gifter_row, parse, say_ready, total_row

PUBLISH_SECONDS: Final = 1.0
FETCH_BYTES: Final = 4 * 1024 * 1024
BATCH_BYTES: Final = 512 * 1024

Row = tuple[bytes, bytes]
"""The key and the value of a record."""


class Gift(msgspec.Struct, gc=False):
    """The fields that totals are made of."""

    unit_value: int
    quantity: int
    event_time_ms: int


class Sums:
    """The sums of one partition: value and sends by stream and minute, and value by stream and sender."""

    def __init__(self) -> None:
        self.minutes: defaultdict[bytes, dict[int, tuple[int, int]]] = defaultdict(dict)
        self.senders: defaultdict[bytes, dict[str, int]] = defaultdict(dict)

    def take(self, fresh: "Sums") -> Iterator[Row]:
        """Add fresh sums to these, and yield the rows that this changes."""
        for stream, minutes in fresh.minutes.items():
            whole = self.minutes[stream]
            for minute, (value, sends) in minutes.items():
                before = whole.get(minute, (0, 0))
                whole[minute] = row = before[0] + value, before[1] + sends
                yield b"%b|%d" % (stream, minute * MINUTE_MS), total_row(*row)
        for stream, senders in fresh.senders.items():
            known = self.senders[stream]
            for sender, value in senders.items():
                known[sender] = value = known.get(sender, 0) + value
                yield b"%b|%b" % (stream, sender.encode()), gifter_row(value)


_DECODE_GIFT: Final = msgspec.json.Decoder(Gift).decode
_DECODE_SENT_GIFT: Final = msgspec.json.Decoder(KeyedGift).decode


def count_totals(records: Iterable[Any], sums: Sums) -> None:
    """Add consumer records to the sums by minute."""
    streams, decode = sums.minutes, _DECODE_GIFT
    for record in records:
        gift = decode(record.value)
        sends, minute, minutes = gift.quantity, gift.event_time_ms // MINUTE_MS, streams[record.key]
        value = gift.unit_value * sends
        if row := minutes.get(minute):
            value, sends = row[0] + value, row[1] + sends
        minutes[minute] = value, sends


def count_gifters(records: Iterable[Any], sums: Sums) -> None:
    """Add consumer records to the sums by minute and by sender."""
    streams, gifters, decode = sums.minutes, sums.senders, _DECODE_SENT_GIFT
    for record in records:
        gift = decode(record.value)
        sends, minute, minutes = gift.quantity, gift.event_time_ms // MINUTE_MS, streams[record.key]
        value = gift.unit_value * sends
        if (sender := gift.sender_id) is not None:
            senders = gifters[record.key]
            senders[sender] = senders.get(sender, 0) + value
        if row := minutes.get(minute):
            value, sends = row[0] + value, row[1] + sends
        minutes[minute] = value, sends


class Publisher:
    """Sends changed rows to a topic."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def send(self, rows: Iterable[Row], partition: int) -> None:
        """Hand rows to the producer for a partition; it sends them while counting goes on."""
        batch = self._producer.create_batch()
        for key, value in rows:
            if batch.append(key=key, value=value, timestamp=None) is None:
                await self._producer.send_batch(batch, self._topic, partition=partition)
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        if batch.record_count():
            await self._producer.send_batch(batch, self._topic, partition=partition)


async def work(task: Task, consumer: AIOKafkaConsumer, publisher: Publisher) -> None:
    """Count for ever, and publish what has changed once a second."""
    count = count_gifters if task.gifters else count_totals
    whole, fresh = [Sums() for _ in range(PARTITIONS)], [Sums() for _ in range(PARTITIONS)]
    due = time.monotonic() + PUBLISH_SECONDS
    while True:
        fetched = await consumer.getmany(timeout_ms=max(0, int(1000 * (due - time.monotonic()))))
        for source, records in fetched.items():
            count(records, fresh[source.partition])
        if time.monotonic() >= due:
            for number in range(PARTITIONS):
                await publisher.send(whole[number].take(fresh[number]), number)
                fresh[number] = Sums()
            due = time.monotonic() + PUBLISH_SECONDS


async def main(task: Task) -> None:
    """Run until killed."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=task.broker,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=PARTITIONS * FETCH_BYTES,
        check_crcs=False,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=task.broker,
        compression_type="lz4",
        max_batch_size=BATCH_BYTES,
        max_request_size=2 * BATCH_BYTES,
    )
    async with consumer, producer:
        consumer.assign([TopicPartition(task.source, number) for number in range(PARTITIONS)])
        say_ready()
        await work(task, consumer, Publisher(producer, task.out))


if __name__ == "__main__":
    gc.freeze()
    gc.disable()
    asyncio.run(main(parse()))
