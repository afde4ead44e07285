"""How fast workers, with everything on, work off a backlog: `python -m tests.bench.backlog [RECORDS [WORKERS]]`.

Twenty minutes of event time, 4 partitions, 5,000 streams, 200,000 gifters, Zipf; the broker on the same machine. The
clock runs from the first worker's readiness to the moment at which every record is counted and its boards are
acknowledged; with several workers, their first rebalances are in it.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psutil

from app.broker.probe import free_ports
from app.load.options import LoadOptions
from app.settings import Settings
from tests.bench.stage import counted, kafka, load, worker

EVENT_SECONDS = 1_200.0


async def main(records: int, workers: int) -> None:
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
        async with several(settings, workers) as (began, processes):
            while await counted(settings) < sent:  # noqa: ASYNC110, another process tells it
                await asyncio.sleep(0.2)
            seconds = time.monotonic() - began
            cpu = sum(sum(process.cpu_times()[:2]) for process in processes)
            rss = sum(process.memory_info().rss for process in processes) / 2**20
    print(f"{sent:,} records in {seconds:.1f} s: {sent / seconds:,.0f} events/s by {workers} worker(s)")
    print(f"{sent / cpu:,.0f} events a CPU second of theirs, their start included; {rss:,.0f} MiB resident")


@asynccontextmanager
async def several(settings: Settings, workers: int) -> AsyncIterator[tuple[float, list[psutil.Process]]]:
    """Start so many workers at once; yield the time (time.monotonic) at which the first was ready, and all of them."""
    ports = free_ports(workers)
    async with AsyncExitStack() as stack:
        starting = [
            asyncio.create_task(stack.enter_async_context(worker(settings.model_copy(update={"http_port": port}))))
            for port in ports
        ]
        await asyncio.wait(starting, return_when=asyncio.FIRST_COMPLETED)
        began = time.monotonic()
        yield began, [await one for one in starting]


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*(arguments + [600_000, 1][len(arguments) :])))
