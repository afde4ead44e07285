"""Bytewax: one worker, a stateful operator by stream, its recovery store written each second.

What was tuned:
- batches of 10,000 records (the default of 1,000 is called "a suitable starting point") and larger fetches;
- a batch is decoded by msgspec into the few fields that are needed, and added up by stream in `flat_map_batch` before
  it goes to the stateful operator: handing over items one at a time is what costs Bytewax most. With a state by row
  instead of by stream, `gifters` took two and a half times as much, though a snapshot then held only what had changed;
- `stateful_batch`, the lowest operator; the rows that a batch has changed leave it at once, so that the sink, which
  flushes after each batch, does so seldom; lz4.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final, NamedTuple

import bytewax.operators as op
import msgspec
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from tests.bench.peers.task import MINUTE_MS, Task, gifter_row, parse, say_ready, total_row

BATCH: Final = 10_000
SNAPSHOT: Final = timedelta(seconds=1)

READ: Final = {"queued.min.messages": "100000", "fetch.message.max.bytes": "4194304"}
WRITE: Final = {"compression.type": "lz4", "batch.size": "524288", "queue.buffering.max.messages": "1000000"}


class Gift(msgspec.Struct, gc=False):
    """The fields that are counted."""

    stream_id: str
    sender_id: str | None
    unit_value: int
    quantity: int
    event_time_ms: int


class Sums(NamedTuple):
    """Value and sends by minute, and value by sender."""

    minutes: dict[int, tuple[int, int]]
    senders: dict[str, int]


_DECODE: Final = msgspec.json.Decoder(Gift).decode


def totals(messages: Iterable[Any]) -> Iterable[tuple[str, Sums]]:
    """Return what Kafka messages add, by stream: to its minutes."""
    streams: dict[str, Sums] = {}
    for message in messages:
        count_total(_DECODE(message.value), streams)
    return streams.items()


def totals_and_gifters(messages: Iterable[Any]) -> Iterable[tuple[str, Sums]]:
    """Return what Kafka messages add, by stream: to its minutes and its senders."""
    streams: dict[str, Sums] = {}
    for message in messages:
        gift = _DECODE(message.value)
        senders = count_total(gift, streams).senders
        if (sender := gift.sender_id) is not None:
            senders[sender] = senders.get(sender, 0) + gift.unit_value * gift.quantity
    return streams.items()


def count_total(gift: Gift, streams: dict[str, Sums]) -> Sums:
    """Add a gift to its stream's minute, and return the stream's sums."""
    sums = streams.get(gift.stream_id)
    if sums is None:
        sums = streams[gift.stream_id] = Sums({}, {})
    minute = gift.event_time_ms // MINUTE_MS
    value, sends = sums.minutes.get(minute, (0, 0))
    sums.minutes[minute] = value + gift.unit_value * gift.quantity, sends + gift.quantity
    return sums


class Stream(StatefulBatchLogic[Sums, Sums, Sums]):
    """All rows of one stream."""

    def __init__(self, resumed: Sums | None) -> None:
        self._sums = resumed or Sums({}, {})

    def on_batch(self, values: list[Sums]) -> tuple[list[Sums], bool]:
        """Add sums, and hand on the rows that this changes."""
        changed = Sums({}, {})
        for minutes, senders in values:
            for minute, (value, sends) in minutes.items():
                before = self._sums.minutes.get(minute, (0, 0))
                self._sums.minutes[minute] = changed.minutes[minute] = before[0] + value, before[1] + sends
            for sender, value in senders.items():
                self._sums.senders[sender] = changed.senders[sender] = self._sums.senders.get(sender, 0) + value
        return [changed], StatefulBatchLogic.RETAIN

    def snapshot(self) -> Sums:
        """Return a copy, because what is returned must not change any more."""
        return Sums(self._sums.minutes.copy(), self._sums.senders.copy())


def messages(changed: Iterable[tuple[str, Sums]]) -> Iterator[Any]:
    """Yield rows as messages for Kafka."""
    for stream, (minutes, senders) in changed:
        for minute, (value, sends) in minutes.items():
            yield KafkaSinkMessage(f"{stream}|{minute * MINUTE_MS}".encode(), total_row(value, sends))
        for sender, value in senders.items():
            yield KafkaSinkMessage(f"{stream}|{sender}".encode(), gifter_row(value))


def flow_of(task: Task) -> Dataflow:
    """Return the job as a dataflow."""
    flow = Dataflow(task.app_id.replace(".", "_"))
    source = KafkaSource([task.broker], [task.source], add_config=READ, batch_size=BATCH)
    gifts = op.input("gifts", flow, source)
    added = op.flat_map_batch("add_up", gifts, totals_and_gifters if task.gifters else totals)
    changed = op.stateful_batch("streams", added, Stream)
    rows = op.flat_map_batch("encode", changed, messages)
    op.output("rows", rows, KafkaSink([task.broker], task.out, add_config=WRITE))
    return flow


def main(task: Task) -> None:
    """Run until killed."""
    flow = flow_of(task)
    init_db_dir(task.state, 1)
    say_ready()
    cli_main(flow, epoch_interval=SNAPSHOT, recovery_config=RecoveryConfig(task.state))


if __name__ == "__main__":
    main(parse())
