"""A load with good records in it that a fold with a bug stumbles over (see `tests.faults.worker`)."""

from typing import Final

import orjson

from agents.domain.partitioner import partition_of
from app.load.message import Send
from app.load.options import LoadOptions
from tests.builders import gift
from tests.faults.load import PlacedSimulation, SourceLog

STUMBLED_OVER: Final = "stumbling-block"
"""The id of their gift."""

STREAMS: Final = ("tiktok:stumbling-1", "tiktok:stumbling-2")

AFTER: Final = (2_000, 9_000)
"""So many records of the load come before each."""


class StumblingSimulation(PlacedSimulation):
    """Lays the records into the log. They are to be quarantined, so the answer does not know them."""

    def __init__(self, options: LoadOptions, log: SourceLog) -> None:
        super().__init__(options, log)
        self._streams = dict(zip(AFTER, STREAMS, strict=True))

    def next(self, before_ms: int) -> Send | None:
        """Return the next record that is due."""
        at_ms = self.next_ms
        if self.answer.sent in self._streams and at_ms is not None and at_ms < before_ms:
            return self._block(at_ms, self._streams.pop(self.answer.sent))
        return super().next(before_ms)

    def _block(self, at_ms: int, stream: str) -> Send:
        partition = partition_of("murmur2", stream.encode(), self.options.partitions)
        self._log.add(partition, bad=True)
        value = orjson.dumps(gift(stream, at=at_ms, gift_id=STUMBLED_OVER))
        return Send(at_ms, stream.encode(), value, partition)
