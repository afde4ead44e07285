"""The job `growth`: what more rows and more streams cost giftstream, in time and in memory."""

import json
import subprocess
import sys
import time
from typing import Final

from tests.bench.race import environment
from tests.bench.results import Result
from tests.bench.stand import Stand

JOB: Final = "growth"
NAME: Final = "giftstream"
STREAMS: Final = 5_000
NOTE: Final = "the engine alone, on one core; gifters' rows"


def run(stand: Stand) -> list[Result]:
    """Return a result a size: so many rows over 5,000 streams, and 1M rows over so many streams."""
    sizes = [(rows, STREAMS) for rows in stand.plan.growth_rows]
    sizes += [(stand.plan.growth_rows[1], streams) for streams in (100, 10_000, 100_000)]
    return [_measured(stand, *size) for size in sizes] if stand.plays(NAME) else []


def _measured(stand: Stand, rows: int, streams: int) -> Result:
    shape = f"{streams:,} streams"
    if time.monotonic() > stand.until(JOB):
        return Result(JOB, NAME, shape, missing="no time was left")
    command = [sys.executable, "-m", "tests.bench.growing", str(rows), str(streams)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment()).stdout)
    stand.say(f"growth, {rows:,} rows, {shape}: {told}")
    return Result(JOB, NAME, shape, rows=rows, note=NOTE, **told)
