"""What a stock, idiomatic Faust application counts: gifts of each stream. Kept to be seen to fail under fire."""

import os
from typing import Any

import faust

app = faust.App(
    os.environ["STOCK_ID"],
    broker=f"kafka://{os.environ['STOCK_BROKER']}",
    topic_partitions=4,
    broker_session_timeout=6.0,
    broker_heartbeat_interval=2.0,
)
gifts = app.topic(os.environ["STOCK_TOPIC"], key_type=bytes, value_type=bytes)
counts = app.Table("counts", default=int)


@app.agent(gifts)
async def count(stream: Any) -> None:
    async for stream_id, _ in stream.items():
        counts[stream_id.decode()] += 1


if __name__ == "__main__":
    app.main()
