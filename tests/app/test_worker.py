"""How the worker process comes up."""

import pytest

from app import worker
from app.errors import BrokerUnreachable
from app.health import Health
from app.settings import Settings
from app.topics_compare import Mismatch


@pytest.mark.asyncio
async def test_a_broker_that_is_gone_while_the_topics_are_checked_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[list[Mismatch] | BrokerUnreachable] = [BrokerUnreachable("gone"), BrokerUnreachable("again"), []]

    async def answers(*_: object, **__: object) -> None:
        """The broker does."""

    async def check(_: Settings) -> list[Mismatch]:
        if isinstance(outcome := tries.pop(0), BrokerUnreachable):
            raise outcome
        return outcome

    monkeypatch.setattr(worker, "wait_for_broker", answers)
    monkeypatch.setattr(worker, "check", check)
    monkeypatch.setattr(worker, "AGAIN_SECONDS", 0.0)
    health = Health()
    await worker._wait_for_topics(Settings(), health)
    assert not tries
