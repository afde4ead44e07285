"""A worker that must refuse to go on: its last words, and that it has written nothing."""

from collections import Counter
from collections.abc import Sequence

from app.engine.changelog import FENCE_KEY
from app.topic_reader import read_to_end
from tests.faults.stage import Stage


async def refused(stage: Stage, *arguments: str, code: int = 3, without: Sequence[str] = ()) -> str:
    """Start a worker that ends by itself; return its last line. Nothing but fence rows may be written by then.

    No other worker may run meanwhile.
    """
    before = await _written(stage)
    worker = stage.start(*arguments, without=without)
    worker.allowed.add(code)
    found = await worker.ended()
    line = worker.last_line
    assert found == code, f"worker {worker.number} ended with {found} instead of {code}: {line}"
    assert "Traceback" not in worker.said, worker.said[-3000:]
    assert code != 3 or line.startswith("giftstream worker stopped, "), line
    after = await _written(stage)
    assert after == before, f"a refused worker has written: {dict(after - before)}"
    return line


async def _written(stage: Stage) -> Counter[str]:
    """Return how many records were written to each topic but the source, fence rows aside."""
    found: Counter[str] = Counter()
    topics = [topic.name for topic in stage.topics.topics if topic.role != "source"]
    async for record in read_to_end(stage.settings, topics):
        found[record.topic] += record.key != FENCE_KEY
    return found
