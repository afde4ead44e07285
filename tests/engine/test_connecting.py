"""Connecting to a broker over a bad network."""

import inspect
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, TransactionalIdAuthorizationFailed
from faust.transport.drivers import aiokafka as driver

from app.engine import connecting
from app.engine.connecting import connected, patient

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "PAUSE_SECONDS", 0.0)


def wrapped() -> KafkaError:
    """What aiokafka makes of a connection that is cut while it looks for the coordinator of a producer id."""
    error = KafkaError("KafkaConnectionError('closed')")
    error.__cause__ = KafkaConnectionError("closed")
    return error


def failing(*errors: KafkaError) -> Callable[[], Awaitable[None]]:
    """Return a start that fails so often, and then succeeds."""
    left = list(errors)

    async def start() -> None:
        if left:
            raise left.pop(0)

    return start


async def test_a_cut_connection_is_made_again() -> None:
    await connected(failing(KafkaConnectionError("closed"), wrapped(), KafkaConnectionError("refused")))


@pytest.mark.parametrize("error", [TransactionalIdAuthorizationFailed(), KafkaError("of another kind")])
async def test_what_does_not_pass_is_raised_at_once(error: KafkaError) -> None:
    with pytest.raises(type(error)) as raised:
        await connected(failing(error))
    assert raised.value is error


async def test_patience_ends() -> None:
    with pytest.raises(KafkaConnectionError):
        await connected(failing(*[KafkaConnectionError("closed")] * 1_000_000), patience_seconds=0)


async def test_the_start_of_a_client_that_somebody_else_starts_is_patient_too() -> None:
    client = patient(SimpleNamespace(start=failing(KafkaConnectionError("closed"))))
    await client.start()


@pytest.mark.parametrize("make", [driver.AIOKafkaConsumerThread.on_start, driver.Producer.on_start])
async def test_faust_starts_its_clients_once(make: Callable[..., Awaitable[None]]) -> None:
    """And by the attribute that is replaced."""
    assert inspect.getsource(make).count(".start()") == 1
