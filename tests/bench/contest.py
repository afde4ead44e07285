"""Rounds: each contender once in each, so that whatever else the machine does hits all alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.build import Missing
from tests.bench.contender import Contender
from tests.bench.group import Failed
from tests.bench.measure import Run
from tests.bench.results import Result, of_runs

Say = Callable[[str], None]
Race = Callable[[Contender, list[str]], Run]
"""Runs a contender by its command. Raises Failed."""


@dataclass
class Entry:
    """A contender in a job: the runs it has made, or why it makes none."""

    job: str
    shape: str
    contender: Contender
    race: Race
    runs: list[Run] = field(default_factory=list)
    missing: str = ""

    def run(self) -> str:
        """Run once, and return what came of it in a line. One that failed takes no further part."""
        try:
            run = self.race(self.contender, self.contender.command())
        except (Missing, Failed) as error:
            self.missing = str(error)
            return self.missing
        self.runs.append(run)
        return f"{run.events_per_second:,.0f} events/s, {run.events_per_cpu_second:,.0f} a CPU second"

    def result(self) -> Result:
        """Return the medians of what it made. A failure in a later round is noted."""
        if not self.runs:
            return Result(self.job, self.contender.name, self.shape, missing=self.missing)
        note = f"{self.contender.note}; then {self.missing}" if self.missing else self.contender.note
        return of_runs(self.job, self.contender.name, self.shape, self.runs, note)


def contest(entries: Sequence[Entry], rounds: int, until: float, say: Say) -> list[Result]:
    """Run all entries in turn, `rounds` times. No run begins after `until` (time.monotonic).

    A further round is begun only if there is time for all of it, so that all have as many runs.
    """
    took = 0.0
    for number in range(rounds):
        begun = time.monotonic()
        if number and begun + took > until:
            say(f"No time for round {number + 1}")
            break
        for entry in entries:
            if not entry.runs and time.monotonic() > until:
                entry.missing = "no time was left"
            elif not entry.missing:
                say(f"{entry.job} ({entry.shape}), {entry.contender.name}: {entry.run()}")
        took = time.monotonic() - begun
    return [entry.result() for entry in entries]
