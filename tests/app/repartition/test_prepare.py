"""What the new log's topic takes over from the old one's."""

import pytest

from app.repartition.prepare import retention
from app.settings import Settings
from app.topics_compare import REPARTITION, Described, Tools, compare
from app.topology import FILLING, topology

OLD = {"retention.ms": "86400000", "retention.bytes": "-1", "max.message.bytes": "2097152", "segment.bytes": "1"}


def test_it_keeps_as_long_and_as_large_records() -> None:
    kept = retention(Described(4, OLD), Settings(partitions=8))
    assert kept == {"retention.ms": "86400000", "retention.bytes": "-1", "max.message.bytes": "2097152"}


@pytest.mark.parametrize(("partitions", "kept"), [(2, "2000"), (3, "1333"), (4, "1000"), (8, "1000")])
def test_fewer_partitions_keep_as_many_bytes_together(partitions: int, kept: str) -> None:
    old = Described(4, OLD | {"retention.bytes": "1000"})
    assert retention(old, Settings(partitions=partitions))["retention.bytes"] == kept


def test_as_long_as_history_is_not_in_the_topics_are_not_as_they_must_be() -> None:
    gifts = topology(Settings()).gifts
    found = {gifts.name: Described(gifts.partitions, gifts.configs | FILLING)}
    (mismatch,) = compare([gifts], found, Tools("127.0.0.1:9092"))
    assert (mismatch.setting, mismatch.found, mismatch.needed) == (
        "message.timestamp.type",
        "CreateTime",
        "LogAppendTime",
    )
    assert mismatch.fix == REPARTITION
