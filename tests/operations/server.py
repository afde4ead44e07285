"""A real Prometheus server that scrapes one worker each second, on loopback, with its data in a temporary folder."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from app.broker.probe import free_ports
from app.broker.spawn import spawn
from tests.integration.waiting import until
from tests.operations.queries import PROMETHEUS
from tests.operations.tools import tool


class Server:
    """Asks the server by its HTTP interface."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session

    async def ask(self, path: str, **parameters: str) -> Any:
        """Return `data` of an answer. Raises AssertionError for what Prometheus refuses."""
        async with self._session.get(f"{self._url}/api/v1/{path}", params=parameters) as answer:
            said = await answer.json()
        assert said["status"] == "success", said
        return said["data"]

    async def values(self, expression: str) -> list[float]:
        """Return the values of an instant query that are numbers."""
        found = [float(one["value"][1]) for one in (await self.ask("query", query=expression))["result"]]
        return [value for value in found if value == value]

    async def is_up(self) -> bool:
        """Return whether it has scraped the worker. While it starts, a query's answer is a 503 and no JSON."""
        try:
            async with self._session.get(f"{self._url}/-/ready") as answer:
                return answer.status == HTTPStatus.OK and bool(await self.values("up"))
        except aiohttp.ClientConnectionError:
            return False


@asynccontextmanager
async def prometheus(target: str) -> AsyncIterator[Server]:
    """Yield a server that has scraped `target` (host:port) and evaluates the alerts; end it at the end."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="giftstream-prometheus-") as name:
        folder = Path(name)
        (folder / "prometheus.yml").write_text(json.dumps(_config(target)), encoding="utf-8")
        command = [
            tool("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        process = spawn(command, folder / "log")
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session:
                server = Server(f"http://127.0.0.1:{port}", session)
                await until(server.is_up, "Prometheus has scraped the worker")
                yield server
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 30)


def _config(target: str) -> dict[str, Any]:
    """Return the configuration; JSON is YAML."""
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(PROMETHEUS / "rules.yml")],
        "scrape_configs": [{"job_name": "giftstream", "static_configs": [{"targets": [target]}]}],
    }
