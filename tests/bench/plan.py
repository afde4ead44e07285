"""How much is measured: the whole benchmark within an hour, the quick one within ten minutes, on two cores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and limits.

    `minutes` is what each job may take on the whole, in the order of the jobs; what one leaves over is the next one's.
    No run is begun later, so that the whole ends at most `limit_seconds` after their sum. `rates` tells how many
    seconds of a rate are measured.
    """

    records: int
    slow_records: int
    backlog_records: int
    rounds: int
    rates: Mapping[int, int]
    rows: int
    growth_rows: tuple[int, ...]
    growth_rounds: int
    limit_seconds: int
    minutes: Mapping[str, float]

    def end_minutes(self, job: str) -> float:
        """Return by which minute of the benchmark a job is to have ended."""
        jobs = list(self.minutes)
        return sum(self.minutes[each] for each in jobs[: jobs.index(job) + 1])


WHOLE: Final = Plan(
    records=2_000_000,
    slow_records=100_000,
    backlog_records=600_000,
    rounds=3,
    rates={1_000: 10, 5_000: 20, 20_000: 10},
    rows=2_000_000,
    growth_rows=(100_000, 1_000_000, 5_000_000),
    growth_rounds=7,
    limit_seconds=180,
    minutes={
        "backlog": 2,
        "totals": 10.5,
        "gifters": 22,
        "few": 3,
        "product": 6,
        "latency": 9,
        "recovery": 5.5,
        "growth": 2,
    },
)
QUICK: Final = Plan(
    records=300_000,
    slow_records=30_000,
    backlog_records=60_000,
    rounds=1,
    rates={5_000: 10},
    rows=200_000,
    growth_rows=(100_000, 300_000),
    growth_rounds=3,
    limit_seconds=60,
    minutes={
        "backlog": 0.7,
        "totals": 2.5,
        "gifters": 2.7,
        "few": 0,
        "product": 0.9,
        "latency": 1,
        "recovery": 0.8,
        "growth": 0.4,
    },
)
