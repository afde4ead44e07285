"""While history goes in, records of others in the new log are seen by the offsets of our own."""

import pytest

from app.errors import FailStop
from app.repartition.alone import Alone


def test_batch_after_batch_and_a_marker_after_each_transaction() -> None:
    alone = Alone("new.gifts.v1", {0: 0, 1: 7})
    alone.kept(0, 0, 10)
    alone.kept(0, 10, 5)
    alone.kept(1, 7, 1)
    alone.committed({0, 1})
    alone.kept(0, 16, 1)
    alone.kept(1, 9, 1)


def test_an_offset_that_the_broker_does_not_tell_is_taken_as_the_right_one() -> None:
    alone = Alone("new.gifts.v1", {0: 0})
    alone.kept(0, -1, 10)
    alone.kept(0, 10, 1)


def test_a_record_of_somebody_else_is_seen_and_what_to_do_is_said() -> None:
    alone = Alone("new.gifts.v1", {0: 0})
    alone.kept(0, 0, 10)
    alone.committed({0})
    with pytest.raises(
        FailStop, match=r"new\.gifts\.v1\[0\]: somebody else has written at 11, .* Stop who sends there"
    ):
        alone.kept(0, 12, 1)
