import pytest

from agents.domain.graveyard import Graveyard
from app.engine.rows import Family


@pytest.fixture
def family() -> Family[int]:
    family = Family("x", int)
    for group in ("a", "b"):
        for n in range(3):
            family.put(group, f"m{n}", n)
    return family


def test_buried_rows_go_a_few_at_a_time(family: Family[int]) -> None:
    graveyard = Graveyard(family)
    graveyard.bury("a")
    assert graveyard.trickle(2) == 0
    assert len(family) == 4
    assert graveyard.trickle(2) == 1
    assert set(family.groups) == {"b"}


def test_several_groups_may_go_at_once(family: Family[int]) -> None:
    graveyard = Graveyard(family)
    graveyard.bury("a")
    graveyard.bury("b")
    assert graveyard.trickle(9) == 3
    assert len(family) == 0


def test_a_group_that_is_used_again_keeps_what_is_left(family: Family[int]) -> None:
    graveyard = Graveyard(family)
    graveyard.bury("a")
    graveyard.trickle(1)
    graveyard.revive("a")
    assert graveyard.trickle(9) == 9
    assert len(family.groups["a"]) == 2


def test_an_empty_group_leaves_nothing(family: Family[int]) -> None:
    family.groups["c"] = {}
    Graveyard(family).bury("c")
    assert "c" not in family.groups
