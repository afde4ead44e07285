"""`make bench`: everything, or a part: `python -m tests.bench [--quick] [--only CONTENDER,...] [JOB ...]`.

Jobs: backlog, totals, gifters, product, latency, recovery, growth; all, if none is named. `takeover` and `metrics`
are the single measurements of giftstream alone, with arguments of their own.
"""

import argparse
import gc
import runpy
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.bench import (
    chart,
    job_backlog,
    job_growth,
    job_latency,
    job_product,
    job_recovery,
    job_rows,
    markdown,
    results,
    work_off,
)
from tests.bench.broker import large
from tests.bench.build import Missing
from tests.bench.contender import ALL
from tests.bench.plan import QUICK, WHOLE
from tests.bench.results import Result
from tests.bench.stand import Stand
from tests.bench.table import table

ALONE: Final = ("takeover", "metrics")
JOBS: Final[dict[str, Callable[[Stand], list[Result]]]] = {
    "backlog": job_backlog.run,
    "totals": lambda stand: job_rows.run(stand, "totals"),
    "gifters": lambda stand: job_rows.run(stand, "gifters"),
    "product": job_product.run,
    "latency": job_latency.run,
    "recovery": job_recovery.run,
    "growth": job_growth.run,
}
CHART: Final = Path(__file__).parents[2] / "docs" / "bench.svg"
PART: Final = results.FILE.with_name("results-part.json")
WIDTH: Final = 170


def main() -> None:
    """Run what is asked for. What was measured is shown and kept even if it ends early."""
    if sys.argv[1:2] and sys.argv[1] in ALONE:
        sys.argv.pop(0)
        runpy.run_module(f"tests.bench.{sys.argv[0]}", run_name="__main__")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all that was started is ended, too
    gc.disable()  # looking through the millions of rows to compare with took a third of the time of reading others
    asked = _asked()
    console = Console(width=WIDTH)
    found: list[Result] = []
    begun, whole = time.monotonic(), not (asked.quick or asked.only or asked.jobs)
    try:
        _run(asked, console, found)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if found:
            path = results.FILE if whole else PART
            results.write(found, path)
            console.print(table(found))
            console.print(f"{(time.monotonic() - begun) / 60:.1f} minutes; kept in {path}")
    if whole:
        chart.write(found, CHART)
        markdown.write(found)


def _run(asked: argparse.Namespace, console: Console, found: list[Result]) -> None:
    """Run the jobs, and add what they find to `found`."""
    only = frozenset(filter(None, asked.only.split(",")))
    _prepare(only, console)
    with large() as broker:
        stand = Stand(broker, QUICK if asked.quick else WHOLE, only, lambda text: _say(console, text))
        for job in asked.jobs or JOBS:
            found += JOBS[job](stand)


def _prepare(only: frozenset[str], console: Console) -> None:
    """Fetch and build what contenders need, which takes minutes once, before the time of the jobs begins."""
    for one in ALL:
        if not only or one.name in only:
            _say(console, f"Preparing {one.name}")
            with suppress(Missing):
                one.command()


def _say(console: Console, text: str) -> None:
    console.print(f"{time.strftime('%H:%M:%S')} {text}", highlight=False)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="giftstream and its peers, side by side")
    parser.add_argument("jobs", nargs="*", metavar="JOB", help="all, if none is named")
    parser.add_argument("--quick", action="store_true", help="less of everything, within ten minutes")
    parser.add_argument("--only", default="", metavar="CONTENDER,...", help="only these contenders")
    asked = parser.parse_args()
    if unknown := set(asked.jobs) - JOBS.keys():
        parser.error(f"there is no job {unknown.pop()}; there are {', '.join(JOBS)}, and alone {', '.join(ALONE)}")
    names = {one.name for one in ALL} | work_off.CONTENDERS.keys() | {job_recovery.WORKER}
    if unknown := set(filter(None, asked.only.split(","))) - names:
        parser.error(f"there is no contender {unknown.pop()}; there are {', '.join(sorted(names))}")
    return asked


if __name__ == "__main__":
    main()
