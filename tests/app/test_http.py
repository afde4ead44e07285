"""The worker's HTTP service."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from app.errors import AddressTaken
from app.health import Health
from app.http import HttpService
from app.metrics import Metrics


class Clock:
    """A clock that tests move."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def service(clock: Clock) -> AsyncIterator[HttpService]:
    service = HttpService(Metrics(), Health(clock), "127.0.0.1", 0)
    await service.start()
    yield service
    await service.stop()


async def get(service: HttpService, path: str, accept: str = "*/*") -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession(headers={"Accept": accept}) as session,
        session.get(service.url + path) as answer,
    ):
        return answer.status, await answer.text(), answer.content_type


@pytest.mark.asyncio
async def test_port_0_takes_a_free_one(service: HttpService) -> None:
    assert service.port > 0
    assert service.url == f"http://127.0.0.1:{service.port}"


@pytest.mark.asyncio
async def test_metrics_are_served_as_text_or_openmetrics(service: HttpService) -> None:
    status, text, kind = await get(service, "/metrics")
    assert (status, kind) == (200, "text/plain")
    assert "giftstream_worker_ready 0.0" in text
    _, text, kind = await get(service, "/metrics", "application/openmetrics-text; version=1.0.0")
    assert kind == "application/openmetrics-text"
    assert text.endswith("# EOF\n")


@pytest.mark.asyncio
async def test_it_lives_while_the_loop_turns(service: HttpService, clock: Clock) -> None:
    assert (await get(service, "/livez"))[0] == 200
    clock.now += 16
    status, text, _ = await get(service, "/livez")
    assert status == 503
    assert "has not turned for 16 s" in text
    service.health.beat()
    assert (await get(service, "/livez"))[0] == 200


@pytest.mark.asyncio
async def test_it_is_ready_once_recovered_until_partitions_move(service: HttpService) -> None:
    service.health.waiting("recovering partition 3")
    assert (await get(service, "/readyz"))[:2] == (503, '{"ready": false, "why": "recovering partition 3"}')
    service.health.recovered()
    assert (await get(service, "/readyz"))[:2] == (200, '{"ready": true}')
    service.health.waiting("partitions are moving")
    assert (await get(service, "/readyz"))[:2] == (503, '{"ready": false, "why": "partitions are moving"}')
    service.health.recovered()
    assert (await get(service, "/readyz"))[0] == 200


@pytest.mark.asyncio
async def test_the_index_names_what_there_is(service: HttpService) -> None:
    _, text, _ = await get(service, "/")
    for path in ("/metrics", "/livez", "/readyz"):
        assert path in text


@pytest.mark.asyncio
async def test_a_taken_port_says_so_and_what_to_do(service: HttpService) -> None:
    second = HttpService(Metrics(), Health(), "127.0.0.1", service.port)
    with pytest.raises(AddressTaken, match=r"is in use.*GIFTSTREAM_HTTP_PORT"):
        await second.start()


@pytest.mark.asyncio
async def test_stopping_twice_is_no_error(service: HttpService) -> None:
    await service.stop()
    await service.stop()
