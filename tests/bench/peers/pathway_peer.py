"""Pathway: group-bys in its Rust engine, from Kafka to Kafka. It keeps nothing: its persistence is off.

What was tuned:
- only the columns that are needed are in the schema, and no Python function is called for a row: minutes, keys and
  values are expressions, which the engine computes by itself;
- the changes go out as a stream of upserts, or each row would be preceded by the withdrawal of the one before;
- two workers (`PATHWAY_THREADS`) where there are two cores: sooner done than with one, at a little more CPU;
- a commit (a minibatch) each second, as all have it: with more, a row goes out more often than it is asked for;
- `queued.min.messages` as in Pathway's own word count benchmark, larger fetches, lz4 and batches for the rows.
"""

import os
from typing import Any, Final

import pathway as pw

from tests.bench.peers.task import MINUTE_MS, Task, parse, say_ready

THREADS: Final = str(min(2, os.cpu_count() or 1))
COMMIT_MS: Final = 1_000


class Gift(pw.Schema):
    """The columns that are counted."""

    stream_id: str
    sender_id: str | None
    unit_value: int
    quantity: int
    event_time_ms: int


def rows_of(task: Task) -> None:
    """Build the graph: read the gifts, add up, write what changes."""
    gifts = pw.io.kafka.read(
        reading(task), task.source, schema=Gift, format="json", autocommit_duration_ms=COMMIT_MS
    ).select(
        pw.this.stream_id,
        pw.this.sender_id,
        minute=pw.this.event_time_ms // MINUTE_MS,
        value=pw.this.unit_value * pw.this.quantity,
        sends=pw.this.quantity,
    )
    write(task, totals(gifts))
    if task.gifters:
        write(task, gifters(gifts))


def totals(gifts: Any) -> Any:
    """Return the rows by stream and minute."""
    sums = gifts.groupby(pw.this.stream_id, pw.this.minute).reduce(
        pw.this.stream_id,
        pw.this.minute,
        value=pw.reducers.sum(pw.this.value),
        sends=pw.reducers.sum(pw.this.sends),
    )
    return upserts(sums).select(
        key=pw.this.stream_id + "|" + (pw.this.minute * MINUTE_MS).to_string(),
        row='{"value":' + pw.this.value.to_string() + ',"sends":' + pw.this.sends.to_string() + "}",
    )


def gifters(gifts: Any) -> Any:
    """Return the rows by stream and sender; anonymous gifts have none."""
    signed = gifts.filter(pw.this.sender_id.is_not_none())
    sums = signed.groupby(pw.this.stream_id, pw.this.sender_id).reduce(
        pw.this.stream_id, sender_id=pw.unwrap(pw.this.sender_id), value=pw.reducers.sum(pw.this.value)
    )
    return upserts(sums).select(
        key=pw.this.stream_id + "|" + pw.this.sender_id,
        row='{"value":' + pw.this.value.to_string() + "}",
    )


def upserts(sums: Any) -> Any:
    """Return the changes of sums, without the withdrawals."""
    return sums.to_stream().filter(pw.this.is_upsert)


def reading(task: Task) -> dict[str, str]:
    """Return librdkafka's settings for the source."""
    return {
        "bootstrap.servers": task.broker,
        "group.id": task.app_id,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": "false",
        "queued.min.messages": "1000000",
        "queued.max.messages.kbytes": "262144",
        "fetch.message.max.bytes": "4194304",
    }


def write(task: Task, rows: Any) -> None:
    """Write rows to the topic."""
    settings = {
        "bootstrap.servers": task.broker,
        "compression.type": "lz4",
        "linger.ms": "20",
        "batch.size": "524288",
        "queue.buffering.max.messages": "1000000",
    }
    pw.io.kafka.write(rows, settings, task.out, format="plaintext", key=rows.key, value=rows.row)


if __name__ == "__main__":
    os.environ.setdefault("PATHWAY_THREADS", THREADS)
    rows_of(parse())
    say_ready()
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
