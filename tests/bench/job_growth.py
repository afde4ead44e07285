"""The job `growth`: what more rows and more streams cost giftstream, in time and in memory."""

from typing import Final

from tests.bench.results import Result
from tests.bench.stand import Stand

JOB: Final = "growth"


def run(stand: Stand) -> list[Result]:
    """Return a result a size."""
    return [Result(JOB, "giftstream", missing="not written yet")] if stand.plays("giftstream") else []
