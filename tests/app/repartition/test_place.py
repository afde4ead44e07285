"""Which partition of the new log a record goes to."""

import pytest

from agents.domain.partitioner import Hashing, partition_of
from app.repartition.copier import place


@pytest.mark.parametrize("hashing", ["murmur2", "crc32"])
def test_a_key_goes_where_a_producer_would_put_it_wherever_it_came_from(hashing: Hashing) -> None:
    where = place(hashing, 6)
    for key in (b"tiktok:1", b"twitch:2", b"kick:3"):
        assert {where(key, came_from) for came_from in range(4)} == {partition_of(hashing, key, 6)}


@pytest.mark.parametrize("key", [None, b""])
def test_a_record_without_a_key_stays_where_it_is_as_far_as_that_goes(key: bytes | None) -> None:
    assert [place("murmur2", 3)(key, came_from) for came_from in range(5)] == [0, 1, 2, 0, 1]
