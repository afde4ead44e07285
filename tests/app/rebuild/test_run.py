"""However a rebuild fails behind its preparations, it ends as a worker does."""

from typing import Any

import pytest

from app.engine.errors import EngineError, Fenced
from app.pipeline import Told
from app.rebuild import run
from app.settings import Settings


class Stopped(BaseException):
    """The process has ended."""


@pytest.mark.asyncio
async def test_an_error_of_the_engine_is_a_fail_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons: list[BaseException] = []

    async def prepared(*_: Any) -> bool:
        return True

    async def fenced(*_: Any) -> Any:
        raise Fenced("another worker owns this partition now")

    def stop(reason: EngineError, _: Any) -> None:
        reasons.append(reason)
        raise Stopped

    monkeypatch.setattr(run, "prepare", prepared)
    monkeypatch.setattr(run, "_count", fenced)
    monkeypatch.setattr(run, "fail_stop", stop)
    with pytest.raises(Stopped):
        await run.rebuild(Settings(app_id="new"), "old", Told(), lambda _: None, lambda _: None)
    assert [type(reason) for reason in reasons] == [Fenced]
