"""The hashes are those of the clients: aiokafka's is Java's; librdkafka is asked by producing to its mock."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.partitioner import Hashing, murmur2, partition_of, seen_partitioner

KEYS = [f"tiktok:{number * 7919}".encode() for number in range(100)] + [
    "twitch:ü😀".encode(),
    b"x",
    b"\xff\x80",
]


@pytest.mark.parametrize(
    ("data", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_gives_the_values_of_kafkas_own_test(data: bytes, signed: int) -> None:
    assert murmur2(data) == signed % 2**32


@given(st.binary(min_size=1, max_size=200), st.integers(1, 1000))
def test_murmur2_chooses_the_partition_that_aiokafka_chooses(key: bytes, partitions: int) -> None:
    chosen = DefaultPartitioner()(key, list(range(partitions)), [])
    assert partition_of("murmur2", key, partitions) == chosen


@pytest.mark.parametrize(("setting", "hashing"), [("consistent_random", "crc32"), ("murmur2_random", "murmur2")])
def test_librdkafka_puts_keys_where_its_partitioner_is_said_to(setting: str, hashing: Hashing) -> None:
    placed = _placed_by_librdkafka(setting)
    assert len(set(placed.values())) == 4
    assert placed == {key: partition_of(hashing, key, 4) for key in KEYS}


def _placed_by_librdkafka(partitioner: str) -> dict[bytes | None, int | None]:
    """Return where librdkafka puts KEYS on its mock cluster, whose topics have 4 partitions."""
    placed: dict[bytes | None, int | None] = {}
    producer = Producer({"test.mock.num.brokers": 1, "partitioner": partitioner, "log_level": 0})
    for key in KEYS:
        producer.produce("t", key=key, on_delivery=lambda _, m: placed.update({m.key(): m.partition()}))
    assert producer.flush(20) == 0
    return placed


def test_the_partitioner_seen_is_named_by_the_partition_it_would_choose() -> None:
    assert (partition_of("murmur2", b"tiktok:s4", 4), partition_of("crc32", b"tiktok:s4", 4)) == (1, 3)
    assert [seen_partitioner(b"tiktok:s4", partition, 4) for partition in range(4)] == [
        None,
        "murmur2",
        None,
        "crc32",
    ]
