"""How a worker comes up, and that it ends through its fail-stop however its app fails."""

import asyncio
from typing import Any

import pytest

from app import worker
from app.errors import BrokerUnreachable
from app.health import Health
from app.settings import Settings
from app.topics_compare import Mismatch
from app.worker import _run


class Watcher:
    def start(self, app: Any) -> None: ...

    async def stop(self) -> None: ...


class FailingApp:
    """Fails in one of its calls, and remembers why it was stopped."""

    def __init__(self, fails_in: str) -> None:
        self._fails_in = fails_in
        self.stopped: list[BaseException] = []

    async def start(self) -> None:
        self._call("start")

    async def stop(self) -> None:
        self._call("stop")

    def stop_worker(self, error: BaseException) -> None:
        self.stopped.append(error)

    def _call(self, name: str) -> None:
        if name == self._fails_in:
            raise ValueError(name)


@pytest.mark.asyncio
@pytest.mark.parametrize("call", ["start", "stop", "neither"])
async def test_an_app_that_cannot_start_or_stop_is_a_fail_stop(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.memory.tune", lambda: None)
    monkeypatch.setattr("app.engine.threads.share", lambda: None)
    told_to_stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    told_to_stop.set_result(None)
    app: Any = FailingApp(call)
    watcher: Any = Watcher()
    await _run(app, Health(), watcher, told_to_stop)
    assert [str(error) for error in app.stopped] == [call] * (call != "neither")


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
    monkeypatch.setattr(worker, "refuse_unfinished", answers)
    monkeypatch.setattr(worker, "check", check)
    monkeypatch.setattr(worker, "AGAIN_SECONDS", 0.0)
    health = Health()
    await worker._wait_for_topics(Settings(), health)
    assert not tries
