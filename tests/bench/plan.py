"""How much is measured: the whole benchmark within an hour, the quick one within ten minutes, on two cores."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and limits. `minutes` is the time after which no further run is begun."""

    records: int
    slow_records: int
    rounds: int
    few_rounds: int
    rates: tuple[int, ...]
    latency_seconds: int
    rows: int
    limit_seconds: int
    minutes: int


WHOLE: Final = Plan(
    records=2_000_000,
    slow_records=100_000,
    rounds=3,
    few_rounds=3,
    rates=(1_000, 5_000, 20_000),
    latency_seconds=20,
    rows=2_000_000,
    limit_seconds=180,
    minutes=54,
)
QUICK: Final = Plan(
    records=300_000,
    slow_records=30_000,
    rounds=1,
    few_rounds=1,
    rates=(5_000,),
    latency_seconds=10,
    rows=200_000,
    limit_seconds=60,
    minutes=8,
)
