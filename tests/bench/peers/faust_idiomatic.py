"""Stock Faust as its documentation would do it: an agent that counts each gift in Tables with changelog topics.

What was tuned:
- a codec of our own decodes with msgspec, and only the fields that are needed; a faust.Record costs more;
- plain tables with the minute in the key: a windowed table keeps the same rows and takes longer to find them;
- changed rows go out by a timer each second, and not one for each gift;
- log level `info`: above it a spinner is shown that takes a third more time;
- commits each second, larger fetches, stream buffers and producer batches, lz4, and no web server or leader.

It counts gift by gift because tables can be written in no other way: `take()`, which hands over batches, raises
TypeError at a table's first write (faust-streaming/faust, issue 497).

`ready` is said once the tables are recovered, so the same program is the contender for `recovery`.
"""

from typing import Any, Final

import faust
import msgspec
from faust.serializers import codecs

from tests.bench.peers.gift import Gift
from tests.bench.peers.task import PARTITIONS, Task, gifter_row, minute_of, parse, say_ready, total_row

PUBLISH_SECONDS: Final = 1.0
CODEC: Final = "gift"


class GiftCodec(codecs.Codec):
    """Decodes a gift."""

    def _loads(self, s: bytes) -> Any:
        return _DECODE(s)


_DECODE: Final = msgspec.json.Decoder(Gift).decode


def application(task: Task) -> faust.App:
    """Return the worker's application with its tables and its agent."""
    codecs.register(CODEC, GiftCodec())
    app = faust.App(
        task.app_id,
        broker=f"kafka://{task.broker}",
        store="memory://",
        datadir=task.state,
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        topic_disable_leader=True,
        web_enabled=False,
        broker_commit_interval=1.0,
        broker_max_poll_records=10_000,
        consumer_max_fetch_size=4 * 1024 * 1024,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=1_000_000,
        stream_wait_empty=False,
        producer_compression_type="lz4",
        producer_linger=0.02,
        producer_max_batch_size=512 * 1024,
    )
    source = app.topic(task.source, key_serializer="raw", value_serializer=CODEC)
    out = app.topic(task.out, key_serializer="raw", value_serializer="raw")
    totals = app.Table("totals", default=list, partitions=PARTITIONS)
    gifters = app.Table("gifters", default=int, partitions=PARTITIONS)
    changed: dict[str, bytes] = {}

    @app.agent(source)
    async def count(gifts: Any) -> None:
        async for gift in gifts:
            added = gift.unit_value * gift.quantity
            key = f"{gift.stream_id}|{minute_of(gift.event_time_ms)}"
            value, sends = totals[key] or (0, 0)
            totals[key] = value + added, sends + gift.quantity
            changed[key] = total_row(value + added, sends + gift.quantity)
            if task.gifters and gift.sender_id is not None:
                key = f"{gift.stream_id}|{gift.sender_id}"
                gifters[key] = value = gifters[key] + added
                changed[key] = gifter_row(value)

    @app.timer(PUBLISH_SECONDS)
    async def publish() -> None:
        rows = dict(changed)
        changed.clear()
        for key, row in rows.items():
            await out.send(key=key.encode(), value=row)

    @app.task
    async def recovered() -> None:
        say_ready()

    return app


if __name__ == "__main__":
    # The level is the documentation's. Above it, Faust shows a spinner, which has every debug message made for it.
    worker = faust.Worker(application(parse()), loglevel="info", redirect_stdouts=False)
    worker.execute_from_commandline()
