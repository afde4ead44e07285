"""One locked Kafka for these tests."""

from collections.abc import AsyncIterator, Iterator

import psutil
import pytest
import pytest_asyncio

from tests.integration.waiting import until
from tests.security.locked_broker import LockedBroker, locked_broker


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedBroker]:
    with locked_broker(tmp_path_factory.mktemp("keys")) as broker:
        yield broker


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def farewell(locked: LockedBroker) -> AsyncIterator[None]:
    """Let the event loop go on at the end until each TLS connection has been closed: that takes an answer."""
    yield
    ports = {int(address.rsplit(":", 1)[1]) for address in (locked.by_tls, locked.by_login)}

    async def closed() -> bool:
        connections = psutil.Process().net_connections("tcp")
        return not any(one.raddr and one.raddr.port in ports for one in connections)

    await until(closed, "all TLS connections are closed")
