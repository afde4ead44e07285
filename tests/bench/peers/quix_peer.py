"""Quix Streams: a stateful function per gift, its state in RocksDB with a changelog topic, a checkpoint each second.

What was tuned:
- values are decoded by msgspec into the few fields that are needed (a deserializer's `loads` is ours to give);
- the state is written by key, not through a windowed aggregation, which does more for each record; a row's state is
  small, so that the changelog gets what has changed and no more;
- rows leave by a sink of our own, which keeps the newest of each key until the checkpoint: `to_topic` would send one
  for every gift, and its producer is called once for each;
- fetches and the producers' batches are larger, lz4 in both.
"""

from typing import Any, Final

import msgspec
from confluent_kafka import Producer
from quixstreams import Application, State
from quixstreams.models import JSONDeserializer
from quixstreams.sinks import BaseSink

from tests.bench.peers.gift import Gift
from tests.bench.peers.task import Task, gifter_row, minute_of, parse, say_ready, total_row

COMMIT_SECONDS: Final = 1.0

Rows = list[tuple[str, bytes]]
"""The rows that a gift has changed: key and value."""

READ: Final = {"queued.min.messages": 100_000, "fetch.message.max.bytes": 4 * 1024 * 1024}
WRITE: Final = {
    "compression.type": "lz4",
    "batch.size": 512 * 1024,
    "linger.ms": 50,
    "queue.buffering.max.messages": 1_000_000,
}


def count_total(gift: Gift, state: State) -> Rows:
    """Count a gift for its stream and minute. State belongs to a record's key, and that is the stream."""
    minute = str(minute_of(gift.event_time_ms))
    value, sends = state.get(minute, (0, 0))
    value, sends = value + gift.unit_value * gift.quantity, sends + gift.quantity
    state.set(minute, (value, sends))
    return [(f"{gift.stream_id}|{minute}", total_row(value, sends))]


def count_total_and_gifter(gift: Gift, state: State) -> Rows:
    """Count a gift for its stream and minute, and for its sender."""
    rows = count_total(gift, state)
    if gift.sender_id is not None:
        value = state.get(gift.sender_id, 0) + gift.unit_value * gift.quantity
        state.set(gift.sender_id, value)
        rows.append((f"{gift.stream_id}|{gift.sender_id}", gifter_row(value)))
    return rows


class NewestRows(BaseSink):
    """Sends the newest row of each key when a checkpoint asks for it, and waits until they are acknowledged."""

    def __init__(self, broker: str, topic: str) -> None:
        super().__init__()
        self._producer = Producer({"bootstrap.servers": broker, **WRITE})
        self._topic = topic
        self._rows: dict[str, bytes] = {}

    def add(self, value: Rows, *_: Any, **__: Any) -> None:
        """Keep rows until the checkpoint."""
        self._rows.update(value)

    def flush(self) -> None:
        """Send what is kept; the checkpoint is made when that is acknowledged."""
        for key, row in self._rows.items():
            self._producer.produce(self._topic, row, key)
        self._rows.clear()
        self._producer.flush()


def application(task: Task) -> Application:
    """Return the application, with its one dataframe."""
    app = Application(
        broker_address=task.broker,
        consumer_group=task.app_id,
        auto_offset_reset="earliest",
        commit_interval=COMMIT_SECONDS,
        state_dir=task.state,
        consumer_extra_config=READ,
        producer_extra_config=WRITE,
        loglevel="WARNING",
    )
    decode = msgspec.json.Decoder(Gift).decode
    source = app.topic(task.source, key_deserializer="bytes", value_deserializer=JSONDeserializer(loads=decode))
    gifts = app.dataframe(source)
    rows = gifts.apply(count_total_and_gifter if task.gifters else count_total, stateful=True)
    rows.sink(NewestRows(task.broker, task.out))
    return app


if __name__ == "__main__":
    app = application(parse())
    say_ready()
    app.run()
