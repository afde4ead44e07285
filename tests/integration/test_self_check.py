"""A worker counts what it has published once more, from the log, while it goes on."""

import time
from typing import Any

import pytest

from tests.builders import gift
from tests.integration.harness import pipeline
from tests.integration.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

MINUTE_MS = 60_000


async def test_a_minute_that_has_just_closed_is_counted_again_and_equal(broker: Any) -> None:
    async with pipeline(broker.bootstrap, self_check_seconds=1) as one:
        worker = await one.worker()
        now_ms = int(time.time() * 1000)
        closed = [gift(at=now_ms - 3 * MINUTE_MS + n, value=n + 1) for n in range(50)]
        again = [*closed[:20], gift(at=now_ms - 3 * MINUTE_MS, unit_value=-1)]
        await one.send([*closed, *again])
        await one.send([gift(at=now_ms)])

        async def checked() -> bool:
            worker.check_alive()
            return sum((await worker.metrics())["giftstream_self_checks_total"].values()) > 0

        await until(checked, "a board has been checked")
        metrics = await worker.metrics()
        assert metrics["giftstream_self_checks_total"] == {("equal",): 1, ("different",): 0, ("skipped",): 0}
        assert metrics["giftstream_self_check_drift_total"] == {(): 0}
        assert await worker.stop() == 0
