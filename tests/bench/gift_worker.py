"""A real `giftstream worker` as a contender: its settings, its processes, and how far it is."""

import asyncio
import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.broker.probe import free_row
from app.settings import PREFIX, Settings
from app.topic_reader import read_to_end
from app.topics import create, delete
from app.topology import topology
from tests.bench.group import READY_SECONDS, Failed, Group, started

NAMED: Final = ("broker", "app_id", "topic_prefix", "http_port", "partitioner", "workers")


def settings_of(broker: str, app_id: str, topic_prefix: str, workers: int) -> Settings:
    """Return the settings of a worker, or several, on the source topic of that prefix."""
    port = free_row(workers)
    return Settings(broker=broker, app_id=app_id, topic_prefix=topic_prefix, http_port=port, workers=workers)


def make_topics(settings: Settings) -> None:
    """Make what is missing."""
    asyncio.run(create(settings))


def drop_topics(settings: Settings) -> None:
    """Delete all of them but the source."""
    asyncio.run(delete(settings, [topic.name for topic in topology(settings) if topic.role != "source"]))


@contextmanager
def working(settings: Settings, log: Path) -> Iterator[Group]:
    """Yield a worker that has been started, or several."""
    environment = {f"{PREFIX}{name.upper()}": str(getattr(settings, name)) for name in NAMED}
    with started([sys.executable, "-m", "app.cli", "worker"], log, os.environ | environment) as group:
        yield group


def wait_ready(settings: Settings, group: Group) -> float:
    """Return the time at which it was ready, or the first of several. Raises Failed."""
    deadline = time.monotonic() + READY_SECONDS
    while not any(map(_is_ready, range(settings.http_port, settings.http_port + settings.workers))):
        group.check()
        if time.monotonic() > deadline:
            raise Failed(f"not ready after {READY_SECONDS:.0f} s: {group.last_words()}")
        time.sleep(0.05)
    return time.time()


def _is_ready(port: int) -> bool:
    """Return whether the worker that serves there says so."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(json.load(answer)["ready"])
    except OSError:
        return False


def counted(settings: Settings) -> tuple[int, float]:
    """Return how many records are counted and published, and since when (seconds since the epoch; 0: none)."""
    return asyncio.run(_counted(settings))


async def _counted(settings: Settings) -> tuple[int, float]:
    newest: dict[bytes, tuple[int, float]] = {}
    async for record in read_to_end(settings, [topology(settings).partials.name]):
        if record.value is not None and b"|" not in (record.key or b"|"):
            position = json.loads(record.value)["position"]
            if newest.get(record.key, (-1, 0))[0] < position:
                newest[record.key] = position, record.timestamp / 1000
    return sum(position for position, _ in newest.values()), max((at for _, at in newest.values()), default=0)
