"""A worker process of the toy machine: `python -m tests.engine.toy_worker BROKER APP_ID SOURCE`."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterable
from typing import Any

from yarl import URL

from app.engine.app import EngineApp
from app.engine.machine import Output
from app.engine.partition import FlushOptions, Identity
from app.engine.runs import Run
from app.engine.stall import StallWatch
from app.engine.takeover import Takeover
from tests.engine.toy import WordCounter

PARTITIONS = 2


class Sleeper(WordCounter):
    """Stands still in the midst of a run: what it has folded is not in the changelog yet."""

    def fold(self, record: Any) -> Output | None:
        refused = super().fold(record)
        if record.value == b"sleep":
            print("asleep", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
        return refused


def create_toy(
    broker: str,
    app_id: str,
    source: str,
    session: float = 6.0,
    counter: type[WordCounter] = WordCounter,
    **options: Any,
) -> EngineApp:
    """Count the words of `source` into `counts-SOURCE`; refuse empty ones into `refused-SOURCE`."""
    app = EngineApp(
        app_id,
        broker=[URL(f"kafka://{broker}")],
        broker_session_timeout=session,
        broker_heartbeat_interval=session / 3,
        broker_request_timeout=30.0,
        broker_rebalance_timeout=30.0,
        **options,
    )
    table = app.state_table("words").configure(
        source,
        lambda number, pressure: counter(number, pressure, f"counts-{source}", f"refused-{source}"),
        Takeover(
            app_id,
            f"{app_id}-words-changelog",
            Identity(PARTITIONS, "toy"),
            {"bootstrap_servers": broker},
            app.stall_watch.check,
        ),
        options=FlushOptions(),
        stop=app.stop_worker,
    )

    @app.agent(app.run_topic(source), name="count")
    async def count(runs: AsyncIterable[Run]) -> None:
        async for run in runs:
            await table.fold(run)

    return app


async def main(broker: str, app_id: str, source: str, *options: str) -> None:
    """Run until SIGTERM. A `sleeper` stops at the word "sleep", in the midst of a run, until SIGCONT.

    It does not notice that it stood still, so only the broker's fence stops it then.
    """
    app = create_toy(broker, app_id, source, counter=Sleeper if "sleeper" in options else WordCounter)
    if "sleeper" in options:
        app.stall_watch = StallWatch(3600)
        app.stall_watch.check = lambda: None  # type: ignore[method-assign]
        next(iter(app.state_tables())).takeover._check_alive = lambda: None
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    app.on_rebalance_complete.connect(lambda *_, **__: print("ready", flush=True), weak=False)
    await app.start()
    await stopping.wait()
    await app.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
