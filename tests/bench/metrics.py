"""What watching costs: `python -m tests.bench.metrics [BATCHES]`.

A batch is what one fetch brings of one partition. Measured is what the worker's watcher does for it: once when it is
folded, once when its run is acked, with a batch of the changelog and of three topics. The time is the processor's.
"""

import sys
import time
from collections.abc import Callable
from typing import Final

from agents.domain.messages import Message
from agents.gifts import Acked
from agents.news import Given, Merged
from app.health import Health
from app.metrics import Metrics
from app.observe import WorkerWatcher
from app.settings import Settings
from app.topology import topology

OUTCOMES = {"counted": 400, "late": 3, "unchanged": 60, "duplicate": 7}
BOARDS = 200


def main(batches: int) -> None:
    """Measure and print."""
    settings = Settings()
    watcher, names = WorkerWatcher(settings, Metrics(), Health()), topology(settings)
    topics = [one.name for one in (names.changelog, names.totals, names.gifters, names.partials)]

    def batch(acked: Acked) -> None:
        watcher.folded(0, 0.004)
        watcher.acked(acked)
        watcher.flushed(0, 0.012)
        watcher.merged(Merged(12, 0, 400, acked.watermark_ms, {"coin": Given(9_000, 400)}))
        for topic in topics:
            watcher.sent(topic, 0.003)

    few, many = _acked(1), _acked(BOARDS)
    fixed = _microseconds(lambda: batch(few), batches)
    rest = (_microseconds(lambda: batch(many), batches) - fixed) / (2 * (BOARDS - 1))
    print(f"{fixed:.1f} µs a batch, and {rest:.2f} µs for each board that it publishes, {batches:,} batches")


BOTH: Final[list[Message]] = [("totals", "key", b"{}"), ("gifters", "key", b"{}")]


def _acked(boards: int) -> Acked:
    messages = [message for _ in range(boards) for message in BOTH]
    now_ms = int(time.time() * 1000)
    return Acked(OUTCOMES, {"not_json": 2}, messages, now_ms, 1, 1)


def _microseconds(work: Callable[[], None], times: int) -> float:
    work()
    begun = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begun) / times * 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
