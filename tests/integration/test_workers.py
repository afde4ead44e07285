"""Two workers as one command: they share the partitions, and end together, without a gift lost or counted twice."""

import signal
import time
from collections.abc import Iterable
from typing import Any

import psutil
import pytest

from tests.builders import gift
from tests.integration.harness import SESSION, assert_exact, pipeline
from tests.integration.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]


def gifts(count: int) -> Iterable[dict[str, Any]]:
    now = int(time.time() * 1000)
    return (gift(stream=f"tiktok:{n % 100}", sender=f"u{n % 70}", at=now) for n in range(count))


async def test_two_workers_share_the_partitions_and_what_one_leaves_is_counted_on(broker: Any) -> None:
    async with pipeline(broker.bootstrap, **SESSION, workers=2) as one:
        first = await one.worker()

        async def both() -> bool:
            first.check_alive()
            return [await first.owned(number) for number in range(2)] == [2, 2]

        await until(both, "each worker has two of the four partitions")
        await one.send(gifts(3_000))
        await one.counted()

        await one.send(gifts(3_000))
        killed = psutil.Process(first.pid).children()[1]
        killed.kill()
        assert await first.ended() == 128 + signal.SIGKILL

        second = await one.worker()
        await one.send(gifts(3_000))
        await one.counted()
        assert_exact(await one.audit(state=True))
        assert await second.stop() == 0
        assert "Traceback" not in second.said


async def test_what_no_worker_can_begin_with_ends_both(broker: Any) -> None:
    async with pipeline(broker.bootstrap, workers=2) as one:
        worker = one.start(topic_prefix="not-there.")
        assert await worker.ended() == 1
        assert "The topics are not as they must be" in worker.said
