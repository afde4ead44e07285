"""`make bench`: everything, or a part: `python -m tests.bench [--quick] [--only CONTENDER,...] [JOB ...]`.

Jobs: totals, gifters, product, latencies, recovery, growth; all, if none is named. `backlog`, `latency` and
`takeover` are the single measurements of giftstream alone, with arguments of their own.
"""

import argparse
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.bench import chart, job_backlog, job_latency, job_product, job_recovery, results
from tests.bench.broker import large
from tests.bench.plan import QUICK, WHOLE
from tests.bench.results import Result
from tests.bench.stand import Stand
from tests.bench.table import table

ALONE: Final = ("backlog", "latency", "takeover")
JOBS: Final[dict[str, Callable[[Stand], list[Result]]]] = {
    "totals": lambda stand: job_backlog.run(stand, "totals"),
    "gifters": lambda stand: job_backlog.run(stand, "gifters"),
    "product": job_product.run,
    "latencies": job_latency.run,
    "recovery": job_recovery.run,
}
CHART: Final = Path(__file__).parents[2] / "docs" / "bench.svg"


def main() -> None:
    """Run what is asked for."""
    if sys.argv[1:2] and sys.argv[1] in ALONE:
        sys.argv.pop(0)
        runpy.run_module(f"tests.bench.{sys.argv[0]}", run_name="__main__")
        return
    asked = _asked()
    console = Console()
    begun = time.monotonic()
    found: list[Result] = []
    say = lambda text: console.log(text, highlight=False)  # noqa: E731
    try:
        with large() as broker:
            stand = Stand(broker, QUICK if asked.quick else WHOLE, frozenset(filter(None, asked.only.split(","))), say)
            for job in asked.jobs or JOBS:
                found += JOBS[job](stand)
    finally:
        if found:
            results.write(found)
            Console(width=max(console.width, 170)).print(table(found))
            console.print(f"{(time.monotonic() - begun) / 60:.1f} minutes; kept in {results.FILE}")
    if not (asked.quick or asked.only or asked.jobs):
        chart.write(found, CHART)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="giftstream and its peers, side by side")
    parser.add_argument("jobs", nargs="*", choices=[*JOBS, []], help="all, if none is named")
    parser.add_argument("--quick", action="store_true", help="less of everything, within ten minutes")
    parser.add_argument("--only", default="", metavar="CONTENDER,...", help="only these contenders")
    return parser.parse_args()


if __name__ == "__main__":
    main()
