"""The answer key, known from what was meant, is what a recount of the bytes gives."""

from itertools import islice

import pytest

from app.load.options import Faults, LoadOptions
from app.load.simulation import Simulation
from tests.app.load.recount import Recount

MANY_FAULTS = Faults(
    duplicates=0.05,
    reconnects=0.005,
    dropped=0.3,
    lost_finals=0.2,
    resent_finals=0.2,
    reordered=0.2,
    malformed=0.02,
    slow=0.1,
    very_slow=0.1,
    late=0.05,
    too_old=0.05,
)
LOADS = {
    "default": LoadOptions(seconds=20),
    "a minute at a low rate": LoadOptions(rate=20, streams=3, gifters=50, seconds=60),
    "many faults": LoadOptions(rate=300, streams=20, gifters=200, seconds=120, faults=MANY_FAULTS),
    "many faults, one partition": LoadOptions(rate=200, streams=5, seconds=120, faults=MANY_FAULTS, partitions=1),
    "longer than the horizon": LoadOptions(rate=20, streams=5, gifters=100, seconds=1_500, faults=MANY_FAULTS),
}


@pytest.mark.parametrize("name", LOADS)
def test_it_is_what_a_recount_gives(name: str) -> None:
    simulation = Simulation(LOADS[name])
    recount = Recount().take_all(simulation)

    _agree(simulation, recount)


@pytest.mark.parametrize("records", [0, 1, 777, 5_000])
def test_it_covers_exactly_what_was_taken_so_far(records: int) -> None:
    simulation = Simulation(LOADS["many faults"])
    recount = Recount().take_all(islice(simulation, records))

    assert simulation.answer.sent == records
    _agree(simulation, recount)


def test_nothing_is_given_before_its_time() -> None:
    simulation = Simulation(LOADS["default"])
    first_ms = simulation.next_ms

    assert first_ms is not None
    assert simulation.next(first_ms) is None
    assert simulation.answer.sent == 0
    send = simulation.next(first_ms + 1)
    assert send is not None
    assert send.at_ms == first_ms


def test_a_load_ends() -> None:
    simulation = Simulation(LoadOptions(rate=50, streams=3, seconds=2))

    assert sum(1 for _ in simulation) > 0
    assert simulation.ended
    assert simulation.next(simulation.options.end_ms + 10**9) is None


def _agree(simulation: Simulation, recount: Recount) -> None:
    answer = simulation.answer.as_dict()
    names = ("sent", "counted", "unchanged", "duplicates", "dead_lettered", "late")
    assert {name: answer[name] for name in names} == {name: recount.counts[name] for name in names}
    assert answer["counted"] + answer["unchanged"] + answer["duplicates"] + answer["dead_lettered"] == answer["sent"]
    assert simulation.answer.totals == recount.totals
    assert answer["dead_letters"].get("too_old", 0) == recount.dead_letters["too_old"]
