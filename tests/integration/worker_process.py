"""A `giftstream worker` process: started, asked by HTTP, stopped, killed."""

import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import psutil
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from app.broker.probe import free_row
from app.broker.spawn import spawn
from app.settings import PREFIX, Settings
from tests.integration.waiting import SECONDS, until

Samples = Mapping[str, Mapping[tuple[str, ...], float]]
"""The metrics: name of a sample, then its label values in the order of the labels' names."""


class WorkerProcess:
    """One worker. Its log is what it has said so far, on stdout and stderr."""

    entry = "app.cli"
    """The module that is run."""

    command = "worker"
    """What it is told to do."""

    def __init__(
        self, settings: Settings, log: Path, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """`environment` is added to what the settings say; it has to bring their secrets."""
        self._port = free_row(settings.workers)
        self._log = log
        given = {name: getattr(settings, name) for name in settings.model_fields_set}
        plain = {name: value for name, value in given.items() if not isinstance(value, SecretStr)}
        chosen = {f"{PREFIX}{name.upper()}": str(value) for name, value in plain.items()}
        chosen[f"{PREFIX}HTTP_PORT"] = str(self._port)
        command = [sys.executable, "-m", self.entry, self.command, *arguments]
        self._process: subprocess.Popen[bytes] = spawn(command, log, os.environ | chosen | dict(environment or {}))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def last_words(self) -> str:
        """Why it ended by itself, as its log says in the last line."""
        line = (self.said.splitlines() or [""])[-1]
        return str(json.loads(line)["event"]) if line.startswith("{") else line

    @property
    def resident_bytes(self) -> int:
        """The resident memory of the process, its highest so far."""
        status = Path(f"/proc/{self._process.pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            return int(line.split()[1]) * 1024
        return int(psutil.Process(self._process.pid).memory_info().rss)

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def check_alive(self) -> None:
        """Fail with the last words of a worker that has ended."""
        assert self.runs, f"the worker ended with code {self._process.returncode}:\n{self.said[-3000:]}"

    async def ready(self) -> "WorkerProcess":
        """Return when `/readyz` says so."""

        async def is_ready() -> bool:
            self.check_alive()
            return await self.status("readyz") == 200

        await until(is_ready, "the worker is ready")
        return self

    async def status(self, path: str) -> int:
        """Return the status of an HTTP answer; 0 while nothing listens."""
        return (await self._get(path))[0]

    async def body(self, path: str, number: int = 0) -> str:
        """Return what is there; `number` is that of a worker, where the command is several."""
        return (await self._get(path, number))[1]

    async def metrics(self, number: int = 0) -> Samples:
        """Return all samples of `/metrics`."""
        found: defaultdict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
        for family in text_string_to_metric_families(await self.body("metrics", number)):
            for sample in family.samples:
                found[sample.name][tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
        return found

    async def owned(self, number: int = 0) -> int:
        """Return how many partitions the worker owns, by its metrics."""
        return int(sum((await self.metrics(number)).get("giftstream_partitions_assigned", {}).values()))

    async def ended(self) -> int:
        """Return the exit code once the worker has ended."""
        return await asyncio.to_thread(self._process.wait, SECONDS)

    async def stop(self) -> int:
        """Send SIGTERM, and return the exit code."""
        self._process.terminate()
        return await self.ended()

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.end()
        await self.ended()

    def end(self) -> None:
        """Leave no process behind."""
        if self.runs:
            self._process.kill()
        self._process.wait()

    async def _get(self, path: str, number: int = 0) -> tuple[int, str]:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session,
                session.get(f"http://127.0.0.1:{self._port + number}/{path}") as answer,
            ):
                return answer.status, await answer.text()
        except aiohttp.ClientConnectionError:
            return 0, ""
