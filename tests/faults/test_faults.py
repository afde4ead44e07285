"""The short form of `make faults`: each scenario is exact, and has injured something."""

from collections.abc import Mapping
from typing import Any

import pytest
import pytest_asyncio

import tests.faults.scenarios  # noqa: F401 (fills the catalogue)
from tests.faults.outcome import Outcome
from tests.faults.run import run
from tests.faults.scenario import in_order

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

SHORT = [one for one in in_order() if one.short]
SEED = 4
JOBS = 4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcomes(broker: Any, request: pytest.FixtureRequest) -> Mapping[str, Outcome]:
    """All scenarios that were selected, played a few at a time."""
    selected = {item.name for item in request.session.items}
    chosen = [one for one in SHORT if f"test_under_fire[{one.name}]" in selected]
    played = await run(chosen, SEED, JOBS, broker)
    return {one.scenario: one for one in played}


@pytest.mark.parametrize("name", [one.name for one in SHORT])
async def test_under_fire(outcomes: Mapping[str, Outcome], name: str) -> None:
    assert outcomes[name].problems == []
