"""giftstream's engine doing the benchmark's plain jobs: one fenced, recoverable table, and nothing of gifts.

What is given up for speed: nothing. Each run of changed rows is one record batch with its position, every row goes out
once its run is acknowledged, and a takeover goes on exactly where the last run ended. Its machine is `sums.py`.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterable
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from yarl import URL

from app.engine import memory
from app.engine.app import EngineApp
from app.engine.observer import Observer
from app.engine.partition import FlushOptions, Identity
from app.engine.runs import Run
from app.engine.table import StateTable
from app.engine.takeover import Takeover
from app.settings import Settings
from app.stop_signal import stop_signal
from app.workers import run_workers
from tests.bench.peers.sums import Sums
from tests.bench.peers.task import PARTITIONS, Task, parse, say_ready

SESSION_SECONDS: Final = 10.0
CHANGELOG: Final = {"cleanup.policy": "compact", "delete.retention.ms": "86400000", "max.message.bytes": str(8 * 2**20)}


class Ready(Observer):
    """Says what was recovered, and that the first records are asked for next."""

    table: StateTable

    def recovered(self, seconds: float) -> None:
        rows = sum(owner.rows for owner in self.table.owned.values())
        print(f"restored {rows} {1000 * seconds:.0f}", flush=True)
        say_ready()


def create_app(task: Task) -> EngineApp:
    """Return the app: one table, made from the source's runs."""
    app = EngineApp(
        task.app_id,
        broker=[URL(f"kafka://{task.broker}")],
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=SESSION_SECONDS / 3,
        consumer_max_fetch_size=2 * 2**20,
    )
    takeover = Takeover(
        task.app_id,
        changelog(task),
        Identity(PARTITIONS, "sums"),
        {"bootstrap_servers": task.broker},
        app.stall_watch.check,
    )
    ready = Ready()
    table = ready.table = app.state_table("state").configure(
        task.source,
        lambda number, pressure: Sums(number, pressure, task),
        takeover,
        options=FlushOptions(every_ms=1000, behind_every_ms=1000),
        observer=ready,
    )

    @app.agent(app.run_topic(task.source))
    async def sums(runs: AsyncIterable[Run]) -> None:
        async for run in runs:
            await table.fold(run)

    return app


def changelog(task: Task) -> str:
    """Return the name of the changelog."""
    return f"{task.app_id}-state-changelog"


async def create(task: Task) -> None:
    """Create the changelog, if there is none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=task.broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(changelog(task), PARTITIONS, 1, topic_configs=CHANGELOG)])
    finally:
        await admin.close()


async def work(task: Task) -> None:
    """Be a worker until told to stop."""
    app, stopping = create_app(task), stop_signal()
    memory.tune()
    await app.start()
    await stopping
    await app.stop()


def main() -> int:
    """Be as many workers as `--workers` says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1)
    own, others = parser.parse_known_args()
    task = parse(others)

    def run(_: Settings) -> int:
        asyncio.run(work(task))
        return 0

    asyncio.run(create(task))
    return run_workers(Settings(workers=own.workers), run)


if __name__ == "__main__":
    sys.exit(main())
