"""What each Python contender is asked for, and the shape of what it gives back.

A contender is started as `python -m tests.bench.peers.NAME` with these arguments, prints `ready` right before it polls
for its first records, and goes on until SIGTERM.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MINUTE_MS: Final = 60_000
PARTITIONS: Final = 4
"""Of the source, of the rows, and so of whatever a contender keeps of its own."""


@dataclass(frozen=True, slots=True)
class Task:
    """The job: `totals`, or `gifters` which has those rows too. Rows go to `out`; `state` is an empty folder to use."""

    broker: str
    job: str
    source: str
    out: str
    app_id: str
    state: Path

    @property
    def gifters(self) -> bool:
        """Whether rows per (stream, gifter) are asked for beside the totals."""
        return self.job == "gifters"


def parse(arguments: Sequence[str] | None = None) -> Task:
    """Return what the command line asks for; exits with 2 if it does not say so in full."""
    parser = argparse.ArgumentParser()
    for name in ("broker", "source", "out", "app-id"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--job", required=True, choices=("totals", "gifters"))
    parser.add_argument("--state", required=True, type=Path)
    return Task(**vars(parser.parse_args(arguments)))


def say_ready() -> None:
    """Tell the harness that the first records are about to be asked for."""
    print("ready", flush=True)


def minute_of(event_time_ms: int) -> int:
    """Return when the minute of an event began, in ms."""
    return event_time_ms - event_time_ms % MINUTE_MS


def total_row(value: int, sends: int) -> bytes:
    """Return what is published of a stream's minute."""
    return b'{"value":%d,"sends":%d}' % (value, sends)


def gifter_row(value: int) -> bytes:
    """Return what is published of a gifter of a stream."""
    return b'{"value":%d}' % value
