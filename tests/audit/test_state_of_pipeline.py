"""The rows that the real pipeline leaves in its changelog, whoever dies, against the recount."""

from typing import Any

import pytest

from app.audit.report import Report
from app.audit.state_rows import Family
from app.load.simulation import Simulation
from tests.agents.in_process import CHANGELOG, Pipeline
from tests.agents.scenario import DAY, HOUR, Chaos, Sender, load, play

FAMILIES: tuple[Family, ...] = (
    "totals", "gifters", "gifts", "streams", "scopes", "seen", "streaks", "engagement", "tallies", "progress",
)  # fmt: skip


def sender(seed: int = 1, **options: Any) -> Sender:
    made = load(seed, **options)
    return Sender(Pipeline(made.start_ms), Simulation(made))


def assert_exact(report: Report) -> None:
    assert report.findings == []
    assert report.state is not None
    assert all(rows.checked > 0 and rows.unverifiable == 0 for rows in report.state.values())


@pytest.mark.asyncio
async def test_after_a_load_with_every_fault_every_row_is_the_recounts() -> None:
    load = sender()
    await play(load)
    assert_exact(load.pipeline.audit_state())


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(4))
async def test_so_it_is_when_workers_die_and_partitions_move_and_in_the_middle_of_it(seed: int) -> None:
    load = sender(seed, seconds=400)
    chaos = Chaos(load.pipeline, seed)
    rounds = 0
    while not load.simulation.ended:
        load.send(spoil=rounds in (0, 20, 40))
        await chaos.interfere()
        await load.pipeline.step()
        rounds += 1
        if rounds % 25 == 0:
            assert load.pipeline.audit_state().findings == []
    await play(load)
    assert load.pipeline.deaths > 10
    assert_exact(load.pipeline.audit_state())


@pytest.mark.asyncio
async def test_so_it_is_after_compaction() -> None:
    load = sender(seconds=400)
    await play(load)
    load.pipeline.kafka.compact(CHANGELOG)
    assert_exact(load.pipeline.audit_state())


@pytest.mark.asyncio
@pytest.mark.parametrize("pause_ms", [2 * HOUR, 3 * DAY, 9 * DAY])
async def test_so_it_is_when_boards_expire_and_streams_come_back(pause_ms: int) -> None:
    first = load(5, seconds=300)
    pipeline = Pipeline(first.start_ms)
    for start_ms in (first.start_ms, first.start_ms + pause_ms):
        await play(Sender(pipeline, Simulation(load(5, seconds=300, start_ms=start_ms))))
        assert pipeline.audit_state().findings == []
    for _ in range(200):
        pipeline.time.ms += 50
        await pipeline.step()
    assert_exact(pipeline.audit_state())


@pytest.mark.asyncio
async def test_and_each_family_that_is_gone_is_missed() -> None:
    load = sender(seconds=400)
    await play(load)
    for family in FAMILIES:
        states = load.pipeline.states()
        for state in states.values():
            for key in list(state.rows(family)):
                state.apply(key, None)
        report = load.pipeline.audit_state(states)
        assert {finding.kind for finding in report.findings} == {"missing"}
        assert {finding.key[0] for finding in report.findings} == {key_of(load.pipeline, family)}


def key_of(pipeline: Pipeline, family: Family) -> str:
    """Return the tag of a family, as the pipeline's own rows have it."""
    return next(chr(key[0]) for state in pipeline.states().values() for key in state.rows(family))
