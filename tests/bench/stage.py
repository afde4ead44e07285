"""What the benchmarks share: a broker, topics, a worker process, and a load put on the source topic."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from app.broker.probe import free_ports
from app.broker.spawn import spawn
from app.demo.outcome import read_progress
from app.load.options import LoadOptions
from app.load.sender import make_producer, send
from app.load.simulation import Simulation
from app.settings import Settings
from app.topics import create
from tests.bench.broker import large

READY_SECONDS = 60


@asynccontextmanager
async def kafka() -> AsyncIterator[Settings]:
    """Yield the settings of a fresh pipeline on an embedded broker, topics made."""
    broker = large()
    try:
        await asyncio.to_thread(broker.start)
        settings = Settings(broker=broker.bootstrap, app_id="bench", http_port=free_ports(1)[0])
        await create(settings)
        yield settings
    finally:
        await asyncio.to_thread(broker.stop)


@asynccontextmanager
async def worker(settings: Settings) -> AsyncIterator[psutil.Process]:
    """Yield a worker process, ready."""
    environment = {
        f"GIFTSTREAM_{name.upper()}": str(getattr(settings, name)) for name in ("broker", "app_id", "http_port")
    }
    with tempfile.TemporaryDirectory() as folder:
        process = spawn([sys.executable, "-m", "app.cli", "worker"], Path(folder, "log"), os.environ | environment)
        try:
            await until(lambda: _is_ready(settings, process), READY_SECONDS)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 30)


def _is_ready(settings: Settings, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the worker ended with code {process.returncode}")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.http_port}/readyz", timeout=2) as answer:
            return bool(json.load(answer)["ready"])
    except OSError:
        return False


async def until(holds: Callable[[], bool], seconds: float) -> None:
    """Return when it holds. Raises TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.05)


async def load(settings: Settings, options: LoadOptions) -> int:
    """Put a load on the source topic; return how many records it has."""
    producer = make_producer(settings.broker)
    await producer.start()
    try:
        return (await send(Simulation(options), producer, settings.source_topic)).sent
    finally:
        await producer.stop()


async def counted(settings: Settings) -> int:
    """Return how many records have been counted and published."""
    return sum(progress["position"] for progress in (await read_progress(settings)).values())
