"""500 seeded sequences of faults: each leaves boards, rows and dead letters as if nothing had happened."""

import json
import os
import subprocess
import sys

import pytest

from tests.faults.simulation.play import Summary, describe, play, play_all

SEQUENCES = 50


@pytest.mark.parametrize("first", range(0, 500, SEQUENCES))
def test_whatever_happens_the_result_is_that_of_an_undisturbed_run(first: int) -> None:
    summary = play_all(range(first, first + SEQUENCES), jobs=1)
    assert not summary.failed, "\n".join(map(describe, summary.failed))
    assert summary.is_exact


def test_something_did_happen() -> None:
    """A seed draws each injury sooner or later: or the sequences would prove little."""
    injuries = play_all(range(SEQUENCES), jobs=1).injuries
    for name in ("killed", "crashed", "paused", "left", "cleanings", "rebalances", "replayed", "stopped: Fenced"):
        assert injuries[name] > 0, name


def test_a_seed_is_one_history_in_any_process() -> None:
    """Not even the order of sets, which differs between processes, makes a difference."""
    script = (
        "import json; from tests.faults.simulation.play import play; "
        "print(json.dumps([(played.trace, played.steps) for played in map(play, range(6))]))"
    )
    histories = [
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert histories[0] == histories[1]
    assert json.loads(histories[0]) == [[played.trace, played.steps] for played in map(play, range(6))]


def test_a_failure_names_the_seed_and_the_command_that_replays_it() -> None:
    outcome = play(3)
    outcome.findings = ["a board is missing"]
    summary = Summary(sequences=1)
    summary.add(outcome)
    assert "python -m tests.faults.simulation --seed 3" in describe(outcome)
    assert not summary.is_exact
    assert summary.verdict().startswith("NOT EXACT: 1 of 1 sequences")


def test_sequences_that_injured_nothing_prove_nothing() -> None:
    assert not Summary(sequences=0).is_exact
    assert Summary(sequences=0).verdict().startswith("nothing proved")
