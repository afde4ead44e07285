"""The settings that decide what is counted where. A change of any of them is another computation."""

from dataclasses import dataclass, field
from typing import Final, Literal

Partitioner = Literal["murmur2", "crc32", "any"]

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

BIG_GIFT: Final = {
    "coin": 1_000,
    "bit": 1_000,
    "jewel": 1_000,
    "kick": 1_000,
    "gold_seed": 100_000,
    "minor": 1_000,
}
"""The value, in native units, from which a single gift is a big gift; `minor` stands for every currency."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How one partition of the source topic is counted. Times are in ms."""

    source_topic: str = "gifts.v1"
    partitions: int = 4
    partitioner: Partitioner = "murmur2"
    horizon_ms: int = 600_000
    lateness_ms: int = 30_000
    quiet_ms: int = 600_000
    time_zone: str = "UTC"
    top_n: int = 10
    big_gift: dict[str, int] = field(default_factory=lambda: dict(BIG_GIFT))
