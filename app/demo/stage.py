"""The demo's stage: a broker, the topics, and a worker process, all taken down again whatever happens."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.broker.probe import free_ports
from app.broker.process import EmbeddedBroker
from app.broker.spawn import spawn
from app.errors import Finding
from app.settings import Settings
from app.settings_load import load_settings
from app.topics import create

STOP_SECONDS = 15.0
LAST_LINES = 8


@dataclass
class Stage:
    """A worker at work. `settings` are its settings, `log` the file of its log lines."""

    settings: Settings
    worker: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """The address of the worker's HTTP service."""
        return f"http://{self.settings.http_host}:{self.settings.http_port}"

    def check_alive(self) -> None:
        """Raise Finding if the worker has ended, with its last words."""
        code = self.worker.poll()
        if code is not None:
            last = "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])
            raise Finding(f"The worker ended with code {code}:\n{last}")


@asynccontextmanager
async def set_up(broker: str) -> AsyncIterator[Stage]:
    """Yield a running stage on an embedded broker, or on the one at `broker` with topics of its own."""
    if broker != "embedded":
        async with _worker(broker) as stage:
            yield stage
        return
    embedded = EmbeddedBroker()
    try:
        await asyncio.to_thread(embedded.start)
        async with _worker(embedded.bootstrap) as stage:
            yield stage
    finally:
        await asyncio.to_thread(embedded.stop)


@asynccontextmanager
async def _worker(bootstrap: str) -> AsyncIterator[Stage]:
    settings = _settings(bootstrap)
    await create(settings)
    with tempfile.TemporaryDirectory(prefix="giftstream-demo-") as folder:
        log = Path(folder, "worker.log")
        worker = spawn([sys.executable, "-m", "app.cli", "worker"], log, os.environ | _environment(settings))
        try:
            yield Stage(settings, worker, log)
        finally:
            await asyncio.to_thread(_end, worker)


def _end(worker: "subprocess.Popen[bytes]") -> None:
    worker.terminate()
    try:
        worker.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _settings(bootstrap: str) -> Settings:
    """Names of its own, so that a demo on a shared broker meets nobody else's topics; one worker, which is asked."""
    name = f"demo-{int(time.time())}"
    return load_settings(broker=bootstrap, app_id=name, topic_prefix=f"{name}.", http_port=free_ports(1)[0], workers=1)


def _environment(settings: Settings) -> dict[str, str]:
    names = ("broker", "app_id", "topic_prefix", "http_port", "workers")
    return {f"GIFTSTREAM_{name.upper()}": str(getattr(settings, name)) for name in names}
