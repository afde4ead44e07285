"""What a switch publishes: nothing where nothing differs, newer values as they are, others after a tombstone."""

from typing import Any, Final

import orjson
import pytest

from app.rebuild.difference import Known, differences

KEY = b"tiktok:1|coin|1h|0"
WHOLE: Final = Known({0: 0, 1: 0}, {0: 100, 1: 100})
BEGAN: Final = Known({0: 100, 1: 0}, {0: 121, 1: 100})
LOST: Final = ["0:0-99"]


def board(offset: int, value: int = 5, *, final: bool = False, **more: Any) -> dict[str, Any]:
    offsets = {"0": offset} | more.pop("offsets", {})
    revision = 2 * sum(one + 1 for one in offsets.values()) + final
    position = {"topic": "gifts.v1", "offsets": offsets}
    return {"value": value, "is_final": final, "position": position, "revision": revision} | more


def spike(offset: int, gifters: int = 9) -> dict[str, Any]:
    return {"gifters": gifters, "position": {"topic": "gifts.v1", "offsets": {"0": offset}}}


def told(old: dict[str, Any] | None, new: dict[str, Any] | None, known: Known = WHOLE) -> list[dict[str, Any] | None]:
    """Return what is published where `old` stands and the new generation says `new`."""
    stands, comes = ({} if one is None else {KEY: orjson.dumps(one)} for one in (old, new))
    return [None if value is None else orjson.loads(value) for _, value in differences(comes, stands, known)]


def test_equal_values_are_left_alone() -> None:
    assert told(board(7), board(7)) == []
    assert told(spike(7), spike(7)) == []


@pytest.mark.parametrize("make", [board, spike])
def test_what_is_new_or_newer_is_published_as_it_is(make: Any) -> None:
    assert told(None, make(7)) == [make(7)]
    assert told(make(7), make(8)) == [make(8)]


def test_a_board_that_is_over_becomes_final_and_none_is_opened_again() -> None:
    assert told(board(7), board(7, final=True)) == [board(7, final=True)]
    assert told(board(7, final=True), board(7)) == []


@pytest.mark.parametrize("old", [board(7), board(9), board(7, final=True)], ids=["equal", "higher", "final"])
def test_another_value_at_no_higher_revision_follows_a_tombstone(old: dict[str, Any]) -> None:
    assert told(old, board(7, 6)) == [None, board(7, 6)]


def test_a_spike_told_otherwise_follows_a_tombstone() -> None:
    assert told(spike(7), spike(7, 10)) == [None, spike(7, 10)]


@pytest.mark.parametrize("make", [board, spike])
def test_what_the_new_generation_does_not_know_is_taken_back(make: Any) -> None:
    assert told(make(7), None) == [None]


class TestTheLogHasLostItsBeginning:
    def test_what_is_older_than_the_log_stays(self) -> None:
        assert told(board(99), None, BEGAN) == []
        assert told(spike(120), None, BEGAN) == []
        assert told(spike(120), spike(120, 10), BEGAN) == []

    def test_what_the_log_still_tells_of_does_not(self) -> None:
        assert told(board(100), None, BEGAN) == [None]

    def test_of_the_same_gifts_the_old_generation_knew_more(self) -> None:
        assert told(board(120, 50), board(120, 7, incomplete=LOST), BEGAN) == []

    def test_a_board_that_is_over_keeps_its_content(self) -> None:
        new = board(120, 7, final=True, incomplete=LOST)
        assert told(board(120, 50), new, BEGAN) == [board(120, 50, final=True)]

    def test_a_duplicate_whose_original_is_lost_changes_nothing(self) -> None:
        assert told(board(110, 50), board(120, 7, incomplete=LOST), BEGAN) == []

    def test_a_newer_gift_shows_that_the_board_is_incomplete(self) -> None:
        new = board(121, 8, incomplete=LOST)
        assert told(board(120, 50), new, BEGAN) == [new]

    def test_a_board_over_all_partitions_that_lacks_one_waits_until_its_revision_is_passed(self) -> None:
        old = board(99, 50, offsets={"1": 7})
        new = board(99, 7) | {"position": {"topic": "gifts.v1", "offsets": {"1": 7}}, "revision": 16}
        assert told(old, new, BEGAN) == []
