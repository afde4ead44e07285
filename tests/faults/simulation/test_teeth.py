"""An engine with one thing left out is found out within few sequences."""

import pytest

from tests.faults.simulation.mutants import MUTANTS
from tests.faults.simulation.play import play

SEQUENCES = 100
"""Of which each of these is found within half."""


@pytest.mark.parametrize(
    "mutant",
    [
        "no_fence",
        "two_batches",
        "outputs_first",
        "dead_letters_last",
        "position_apart",
        "nothing_again",
        "read_then_fence",
    ],
)
def test_what_is_left_out_is_missed(mutant: str) -> None:
    with MUTANTS[mutant]():
        assert any(play(seed).findings for seed in range(SEQUENCES))
