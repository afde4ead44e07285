"""The page of the guarantee: it names scenarios that exist, and what came of each stands there."""

import re
from pathlib import Path

import pytest

import tests.faults.scenarios  # noqa: F401 (fills the catalogue)
from tests.faults.outcome import Outcome
from tests.faults.page import ROW, write
from tests.faults.scenario import CATALOGUE

GUARANTEE = (Path(__file__).parents[2] / "docs" / "guarantee.md").read_text(encoding="utf-8")
PROOFS = GUARANTEE.split("| promise | tried by |")[1].split("Beside the processes")[0]
RUNS = GUARANTEE.split("<!-- runs -->")[1]


def outcome(name: str, seed: int = 7) -> Outcome:
    return Outcome(
        scenario=name, group="1", seed=seed, seconds=61.4, sent=12_345, kills=2, checked=999, verdict="exact"
    )


def test_an_outcome_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- runs -->\n<!-- end of runs -->\nbelow\n")
    write(page, [outcome("second"), outcome("first"), outcome("gone")], ["first", "second", "gone"])
    write(page, [outcome("second", 8)], ["first", "second"])
    text = page.read_text()
    assert text.startswith("above\n<!-- runs -->\n| scenario | seed | ")
    assert text.endswith(
        "| first | 7 | 12,345 | 2 | 0 | 0 | 999 | 61 | exact |\n"
        "| second | 8 | 12,345 | 2 | 0 | 0 | 999 | 61 | exact |\n"
        "<!-- end of runs -->\nbelow\n"
    )
    assert "gone" not in text


def test_a_page_without_a_place_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n")
    with pytest.raises(ValueError, match="has no place"):
        write(page, [], [])


@pytest.mark.parametrize("name", re.findall(r"`([a-z0-9*-]+)`", PROOFS))
def test_every_scenario_on_the_page_exists(name: str) -> None:
    assert any(re.fullmatch(name.replace("*", ".*"), known) for known in CATALOGUE), name


def test_the_runs_on_the_page_are_of_all_that_there_are() -> None:
    """Whoever adds a scenario runs it, and writes down what came of it."""
    assert {row[1] for row in ROW.finditer(RUNS)} == CATALOGUE.keys()


def test_the_runs_on_the_page_are_as_they_must_be() -> None:
    assert {row[0].split(" | ")[-1] for row in ROW.finditer(RUNS)} <= {"exact |\n", "caught |\n"}
