"""The page of the guarantee: it names scenarios that exist, and a run finds its place there."""

import re
from pathlib import Path

import pytest

import tests.faults.scenarios  # noqa: F401 (fills the catalogue)
from tests.faults.outcome import Outcome
from tests.faults.page import write
from tests.faults.scenario import CATALOGUE

GUARANTEE = (Path(__file__).parents[2] / "docs" / "guarantee.md").read_text(encoding="utf-8")
RUN = GUARANTEE.split("<!-- run -->")[1]


def outcome(name: str) -> Outcome:
    return Outcome(scenario=name, group="1", seed=7, seconds=61.4, sent=12_345, kills=2, checked=999, verdict="exact")


def test_a_run_replaces_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- run -->\n<!-- end of run -->\nbelow\n")
    for name in ("first", "second"):
        write(page, [outcome(name)], 7)
    text = page.read_text()
    assert text.startswith("above\n<!-- run -->\nSeed 7: 1 scenarios, 2 kills, 999 boards compared.\n")
    assert "| second | 12,345 | 2 | 0 | 0 | 999 | 61 | exact |" in text
    assert "first" not in text
    assert text.endswith("<!-- end of run -->\nbelow\n")


def test_a_page_without_a_place_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n")
    with pytest.raises(ValueError, match="has no place"):
        write(page, [], 7)


@pytest.mark.parametrize("name", re.findall(r"`([a-z]+(?:-(?:[a-z]+|\*))+)`", GUARANTEE.split("### A run")[0]))
def test_every_scenario_on_the_page_exists(name: str) -> None:
    assert any(re.fullmatch(name.replace("*", ".*"), known) for known in CATALOGUE), name


def test_the_run_on_the_page_is_of_today() -> None:
    """Whoever adds a scenario runs all of them, and writes the run down."""
    assert set(re.findall(r"^\| ([a-z0-9-]+) \|", RUN, re.MULTILINE)) - {"scenario"} <= CATALOGUE.keys()
