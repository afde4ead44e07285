"""The HTTP service of a worker: `/metrics`, `/livez`, `/readyz`, and a page that names them.

It serves no boards: those are read from their topics.
"""

import asyncio
import errno
from contextlib import suppress

from aiohttp import web
from prometheus_client.aiohttp import make_aiohttp_handler

from app.errors import AddressTaken, UsageError
from app.health import BEAT_SECONDS, Health
from app.metrics import Metrics
from app.version import VERSION

PAGE = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>giftstream</title>
<h1>giftstream {VERSION}</h1><ul>
<li><a href="/metrics">/metrics</a> Prometheus or OpenMetrics</li>
<li><a href="/livez">/livez</a> 200 while the event loop turns</li>
<li><a href="/readyz">/readyz</a> 200 while it counts: recovered, and no partition is moving</li></ul></html>
"""


class HttpService:
    """Serves on `host`:`port`; port 0 takes a free one, which `url` names after `start`."""

    def __init__(self, metrics: Metrics, health: Health, host: str, port: int) -> None:
        self.metrics, self.health, self.host, self.port = metrics, health, host, port
        self._runner: web.AppRunner | None = None
        self._beating: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the service is, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Listen, and begin to beat. Raises AddressTaken, or UsageError for an address that is not ours."""
        self._runner = web.AppRunner(self._app(), access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port).start()
        except OSError as error:
            await self.stop()
            raise self._explained(error) from None
        self.port = self._runner.addresses[0][1]
        self._beating = asyncio.create_task(self._beat())

    async def stop(self) -> None:
        """Stop listening. May be called twice."""
        beating, self._beating = self._beating, None
        runner, self._runner = self._runner, None
        if beating is not None:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
        if runner is not None:
            await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=1024)
        app.router.add_get("/", self._index)
        app.router.add_get("/metrics", make_aiohttp_handler(self.metrics.registry))
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        return app

    async def _beat(self) -> None:
        while True:
            self.health.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def _index(self, _: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def _livez(self, _: web.Request) -> web.Response:
        why = self.health.stalled()
        return _answer({"alive": True} if why is None else {"alive": False, "why": why}, why is None)

    async def _readyz(self, _: web.Request) -> web.Response:
        ready = self.health.ready
        return _answer({"ready": True} if ready else {"ready": False, "why": self.health.why}, ready)

    def _explained(self, error: OSError) -> UsageError:
        if error.errno == errno.EADDRINUSE:
            do = "Stop what listens there, or set GIFTSTREAM_HTTP_PORT (0 takes a free one)"
            return AddressTaken(f"{self.url} is in use", do=do)
        return UsageError(f"Cannot listen on {self.url}: {error.strerror}", do="Set GIFTSTREAM_HTTP_HOST")


def _answer(body: dict[str, object], well: bool) -> web.Response:
    return web.json_response(body, status=200 if well else 503)
