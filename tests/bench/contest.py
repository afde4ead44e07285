"""Rounds: each contender once in each, so that whatever else the machine does hits all alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.bench.build import Missing
from tests.bench.contender import Contender
from tests.bench.group import Failed
from tests.bench.measure import Run
from tests.bench.results import Result, of_runs

Say = Callable[[str], None]
Race = Callable[[Contender, list[str]], Run]
"""Runs a contender by its command. Raises Failed."""


class Turn(Protocol):
    """What takes turns: the runs it has made, or why it makes none."""

    runs: list[Any]
    missing: str

    @property
    def title(self) -> str:
        """Who does what."""

    def run(self) -> str:
        """Run once, and return what came of it in a line. Raises Failed, or Missing."""


@dataclass
class Entry:
    """A contender in a job."""

    job: str
    shape: str
    contender: Contender
    race: Race
    runs: list[Run] = field(default_factory=list)
    missing: str = ""

    @property
    def title(self) -> str:
        """Job, shape and contender."""
        return f"{self.job} ({self.shape}), {self.contender.name}"

    def run(self) -> str:
        """Run once, and return the speed in a line."""
        run = self.race(self.contender, self.contender.command())
        self.runs.append(run)
        return f"{run.events_per_second:,.0f} events/s, {run.events_per_cpu_second:,.0f} a CPU second"

    def result(self) -> Result:
        """Return the medians of what it made. A failure in a later round is noted."""
        if not self.runs:
            return Result(self.job, self.contender.name, self.shape, missing=self.missing)
        note = f"{self.contender.note}; then {self.missing}" if self.missing else self.contender.note
        return of_runs(self.job, self.contender.name, self.shape, self.runs, note)


def contest(entries: Sequence[Entry], rounds: int, until: float, say: Say) -> list[Result]:
    """Let all entries take turns, and return what each reached."""
    take_turns(entries, rounds, until, say)
    return [entry.result() for entry in entries]


def take_turns(turns: Sequence[Turn], rounds: int, until: float, say: Say) -> None:
    """Run all in turn, `rounds` times; who comes first in one round comes last in the next.

    No run begins after `until` (time.monotonic), and a further round only if there is time for all of it, so that all
    have as many runs. One that failed takes no further part.
    """
    took = 0.0
    for number in range(rounds):
        begun = time.monotonic()
        if number and begun + took > until:
            say(f"No time for round {number + 1}")
            break
        for turn in turns if number % 2 == 0 else reversed(turns):
            if not turn.runs and time.monotonic() > until:
                turn.missing = "no time was left"
            elif not turn.missing:
                say(f"{turn.title}: {_said(turn)}")
        took = time.monotonic() - begun


def _said(turn: Turn) -> str:
    """Run once, and return what came of it. One that fails says so in `missing`."""
    try:
        return turn.run()
    except (Missing, Failed) as error:
        turn.missing = str(error)
        return turn.missing
