"""The topics that all contenders read: filled once, recounted once a job."""

import time
from dataclasses import dataclass, field

from tests.bench.fill import fill
from tests.bench.recount import Row, recount
from tests.bench.shape import Shape, events
from tests.bench.topic import Reader, make


@dataclass
class Source:
    """A topic of events, and the rows that jobs must make of it."""

    broker: str
    topic: str
    shape: Shape
    records: int
    _right: dict[str, dict[bytes, Row]] = field(default_factory=dict)

    def fill(self) -> None:
        """Make the topic and put the events on it; the newest are of now."""
        make(self.broker, self.topic)
        start_ms = int((time.time() - self.shape.seconds) * 1000)
        fill(self.broker, self.topic, events(self.shape, self.records, start_ms))

    def right(self, job: str) -> dict[bytes, Row]:
        """Return the rows of a job, recounted from the topic."""
        if job not in self._right:
            reader = Reader(self.broker, self.topic)
            try:
                self._right[job] = recount((value for _, value, _ in reader.read()), job)
            finally:
                reader.close()
        return self._right[job]
