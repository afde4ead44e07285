"""What all jobs are given: the broker, how much to measure, how long there is time, and where to say what happens."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.broker import EmbeddedBroker
from tests.bench.plan import Plan
from tests.bench.shape import Shape
from tests.bench.source import Source

SOURCE_TOPIC = "gifts.v1"


@dataclass
class Stand:
    """The broker and the topics on it, filled when first asked for."""

    broker: EmbeddedBroker
    plan: Plan
    only: frozenset[str]
    say: Callable[[str], None]
    _sources: dict[tuple[str, int], Source] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)

    def until(self, job: str) -> float:
        """Return by when a job is to have ended, by time.monotonic."""
        return self._begun + 60 * self.plan.end_minutes(job)

    def plays(self, contender: str) -> bool:
        """Return whether a contender takes part."""
        return not self.only or contender in self.only

    def source(self, shape: Shape, records: int) -> Source:
        """Return a filled topic; `giftstream worker` can read it under the prefix of its name."""
        at = shape.name, records
        if at not in self._sources:
            source = Source(self.broker.bootstrap, f"{shape.name}-{records}-{SOURCE_TOPIC}", shape, records)
            self.say(f"Filling {source.topic}")
            source.fill()
            self._sources[at] = source
        return self._sources[at]
