"""`python -m tests.faults.simulation`: play sequences and say whether all are exact; exit 1 if one is not."""

import argparse
import json
import os
import sys
import time
from typing import Final

from tests.faults.simulation.mutants import MUTANTS
from tests.faults.simulation.play import Summary, describe, play_all

PROGRESS_SECONDS: Final = 10.0


def main() -> int:
    options = _options()
    seeds = range(options.first, options.first + options.sequences) if options.seed is None else [options.seed]
    if options.mutant:
        MUTANTS[options.mutant]().start()
        options.jobs = 1
    summary = play_all(seeds, 1 if len(seeds) == 1 else options.jobs, _Progress())
    if options.json:
        print(json.dumps(summary.as_dict()))
    else:
        print(summary.verdict())
    return 0 if summary.is_exact else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulation", description=__doc__)
    parser.add_argument("--sequences", type=int, default=10_000, metavar="N", help="how many (default: 10000)")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="the first seed (default: 0)")
    parser.add_argument("--seed", type=int, metavar="N", help="only this one: the replay of a failure")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes (default: up to 2)")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="leave something out of the engine, to see it found")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON on stdout")
    return parser.parse_args()


class _Progress:
    """Tells of each failure at once, and else of how far it is every few seconds, on stderr."""

    def __init__(self) -> None:
        self._told = time.monotonic()
        self._failed = 0

    def __call__(self, summary: Summary) -> None:
        for outcome in summary.failed[self._failed :]:
            print(describe(outcome), file=sys.stderr, flush=True)
        self._failed = len(summary.failed)
        if time.monotonic() - self._told >= PROGRESS_SECONDS:
            self._told = time.monotonic()
            print(f"{summary.done:,} of {summary.sequences:,} sequences, {summary.seconds:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
