"""Which partition a producer puts a key in: Java's and aiokafka's murmur2, or librdkafka's crc32.

Both are fixed by the clients: murmur2 with Kafka's seed, its sign bit cleared (Java's Utils.murmur2;
librdkafka's `murmur2_random`), and zlib's CRC-32 (librdkafka's default, `consistent_random`). A topic that
both write to has one stream in two partitions.
"""

from collections.abc import Callable
from typing import Final, Literal
from zlib import crc32

Hashing = Literal["murmur2", "crc32"]

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_WORD: Final = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Return Kafka's MurmurHash2 of `data`, as an unsigned 32-bit integer."""
    tail = len(data) % 4
    whole = len(data) - tail
    h = (_SEED ^ len(data)) & _WORD
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * _M & _WORD
        h = (h * _M ^ (k ^ k >> 24) * _M) & _WORD
    if tail:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _WORD
    h = (h ^ h >> 13) * _M & _WORD
    return h ^ h >> 15


_HASHES: Final[dict[Hashing, Callable[[bytes], int]]] = {
    "murmur2": lambda key: murmur2(key) & 0x7FFFFFFF,
    "crc32": crc32,
}


def partition_of(hashing: Hashing, key: bytes, partitions: int) -> int:
    """Return the partition, from 0, of a non-empty key in a topic of `partitions` partitions."""
    return _HASHES[hashing](key) % partitions


def seen_partitioner(key: bytes, partition: int, partitions: int) -> Hashing | None:
    """Return whose choice `partition` is for `key`, or None if neither hashing would choose it."""
    return next((name for name in _HASHES if partition_of(name, key, partitions) == partition), None)
