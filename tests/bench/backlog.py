"""How fast one worker, with everything on, works off a backlog: `python -m tests.bench.backlog [RECORDS]`.

Twenty minutes of event time, 4 partitions, 5,000 streams, 200,000 gifters, Zipf; the broker on the same machine. The
clock runs from the worker's readiness to the moment at which every record is counted and its boards are acknowledged.
"""

import asyncio
import sys
import time

from app.load.options import LoadOptions
from tests.bench.stage import counted, kafka, load, worker

EVENT_SECONDS = 1_200.0


async def main(records: int) -> None:
    """Run once and print the figures."""
    options = LoadOptions(
        rate=records / EVENT_SECONDS,
        streams=5_000,
        gifters=200_000,
        seconds=EVENT_SECONDS,
        start_ms=int((time.time() - EVENT_SECONDS) * 1000),
    )
    async with kafka() as settings:
        sent = await load(settings, options)
        async with worker(settings) as process:
            started, before = time.monotonic(), sum(process.cpu_times()[:2])
            while await counted(settings) < sent:  # noqa: ASYNC110, another process tells it
                await asyncio.sleep(0.2)
            seconds, cpu = time.monotonic() - started, sum(process.cpu_times()[:2]) - before
            rss = process.memory_info().rss / 2**20
    print(f"{sent:,} records in {seconds:.1f} s: {sent / seconds:,.0f} events/s")
    print(f"{sent / cpu:,.0f} events a CPU second of the worker, {rss:,.0f} MiB resident")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600_000))
