"""The sequences of many seeds, in several processes, and what became of them."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tests.faults.simulation.loop import NeverEnds
from tests.faults.simulation.sequence import Broken, Sequence
from tests.faults.simulation.verdict import findings

CHUNK: Final = 10
"""Sequences that a process takes at once."""

SHOWN: Final = 300
"""Characters of a finding."""


@dataclass
class Outcome:
    """What became of one sequence. `trace` is equal for equal histories."""

    seed: int
    findings: list[str]
    injuries: Counter[str]
    steps: int
    trace: str


def play(seed: int) -> Outcome:
    """Play the sequence of a seed, and judge what it leaves."""
    sequence = Sequence(seed)
    try:
        sequence.run()
        found = findings(sequence)
    except (Broken, NeverEnds) as error:
        found = [f"{type(error).__name__}: {error}"]
    return Outcome(seed, found, sequence.injuries, sequence.loop.steps, sequence.broker.trace())


@dataclass
class Summary:
    """What became of all sequences so far. `injuries` is what was done to the workers, all in all."""

    sequences: int
    done: int = 0
    seconds: float = 0.0
    failed: list[Outcome] = field(default_factory=list)
    injuries: Counter[str] = field(default_factory=Counter)

    @property
    def is_exact(self) -> bool:
        """Whether all were played, all are exact, and there was something to survive."""
        return self.done == self.sequences and not self.failed and self.is_injured

    @property
    def is_injured(self) -> bool:
        """One sequence alone, replayed, need not be."""
        return self.sequences == 1 or (self.injuries["replayed"] > 0 and self.injuries["rebalances"] > 0)

    def add(self, outcome: Outcome) -> None:
        self.done += 1
        self.injuries.update(outcome.injuries)
        if outcome.findings:
            self.failed.append(outcome)

    def verdict(self) -> str:
        """Return the outcome in one line."""
        told = ", ".join(f"{count:,} {name}" for name, count in sorted(self.injuries.items()))
        what = f"{self.done:,} sequences in {self.seconds:.0f} s ({told})"
        if self.failed:
            return f"NOT EXACT: {len(self.failed):,} of {what}"
        return f"exact: {what}" if self.is_exact else f"nothing proved: {what}"

    def as_dict(self) -> dict[str, Any]:
        return {"exact": self.is_exact, "verdict": self.verdict(), **asdict(self)}


def command(seed: int) -> str:
    """Return what replays one sequence."""
    return f"python -m tests.faults.simulation --seed {seed}"


def describe(outcome: Outcome) -> str:
    """Say what a failed sequence has wrong, and how to see it again."""
    shown = [f"  {finding[:SHOWN]}" for finding in outcome.findings[:5]]
    more = [f"  and {len(outcome.findings) - 5} more"] if len(outcome.findings) > 5 else []
    return "\n".join([f"seed {outcome.seed} is not exact; replay it: {command(outcome.seed)}", *shown, *more])


def play_all(seeds: Iterable[int], jobs: int, progress: Callable[[Summary], None] = lambda summary: None) -> Summary:
    """Play every seed. `progress` is told after each; it may raise to stop."""
    seeds = list(seeds)
    summary, begun = Summary(len(seeds)), time.monotonic()

    def take(outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            summary.add(outcome)
            summary.seconds = time.monotonic() - begun
            progress(summary)

    if jobs == 1:
        take(map(play, seeds))
    else:
        with ProcessPoolExecutor(jobs) as pool:
            try:
                take(pool.map(play, seeds, chunksize=CHUNK))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return summary
