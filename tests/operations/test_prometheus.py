"""A real Prometheus, a real worker, a short demo: every panel shows something, and no alert fires."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from app.demo.stage import Stage, set_up
from app.load.options import LoadOptions
from app.load.sender import make_producer, send
from app.load.simulation import Simulation
from tests.integration.waiting import until
from tests.operations.queries import DASHBOARDS, queries, rules
from tests.operations.server import Server, prometheus
from tests.operations.tools import promtool

pytestmark = [pytest.mark.ops, pytest.mark.asyncio]

HISTORY_SECONDS = 400.0
RATE_INTERVAL = "15s"


@asynccontextmanager
async def load(stage: Stage) -> AsyncIterator[None]:
    """Send minutes of history at once, then gifts as they come, until the end."""
    options = LoadOptions(
        rate=150,
        streams=40,
        seed=1,
        start_ms=int((time.time() - HISTORY_SECONDS) * 1000),
        seconds=HISTORY_SECONDS + 3_600,
        partitions=stage.settings.partitions,
    )
    stop, producer = asyncio.Event(), make_producer(stage.settings.broker)
    await producer.start()
    sending = asyncio.create_task(send(Simulation(options), producer, stage.settings.source_topic, stop))
    try:
        yield
    finally:
        stop.set()
        await sending
        await producer.stop()


async def _metrics(stage: Stage) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(f"{stage.url}/metrics") as answer:
        return await answer.read()


async def empty(server: Server) -> list[str]:
    """Return the panels of which some query gives no number."""
    found = [query for path in DASHBOARDS for query in queries(path)]
    return [
        f"{query.panel}: {query.expression}"
        for query in found
        if not await server.values(query.expression.replace("$__rate_interval", RATE_INTERVAL))
    ]


async def test_every_panel_shows_something_and_no_alert_fires(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIFTSTREAM_SELF_CHECK_SECONDS", "2")
    async with set_up(broker.bootstrap) as stage, prometheus(stage.url.removeprefix("http://")) as server:
        async with load(stage):
            left: list[str] = []

            async def all_show() -> bool:
                stage.check_alive()
                left[:] = await empty(server)
                return not left

            try:
                await until(all_show, "every panel shows something")
            except AssertionError as error:
                raise AssertionError("\n".join(left)) from error

            async def checked() -> bool:
                return sum(await server.values('giftstream_self_checks_total{result="equal"}')) > 0

            await until(checked, "a self-check came out equal")
        assert await server.values("giftstream_self_check_drift_total") == [0.0]
        assert promtool("check", "metrics", given=await _metrics(stage)) == (0, "")
        groups = (await server.ask("rules"))["groups"]
        states = [rule for group in groups for rule in group["rules"]]
        assert [rule["health"] for rule in states] == ["ok"] * len(rules())
        assert [rule["name"] for rule in states if rule.get("state") == "firing"] == []
