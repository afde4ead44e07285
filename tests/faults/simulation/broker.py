"""A broker in memory that keeps what Kafka keeps of producers: epochs, sequence numbers, and who may still write.

As in Kafka, taking a producer id raises its epoch, but a partition hears of a new epoch only by the first batch of it
that it keeps: until then it takes batches of the older one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from aiokafka.errors import InvalidProducerEpoch, OutOfOrderSequenceNumber

from tests.agents.fake_kafka import FakeKafka, Kept, Time, Written

DELETE_RETENTION_MS: Final = 86_400_000
"""How long a tombstone is kept for those who are still reading."""


@dataclass
class Heard:
    """What a partition knows of one epoch of a producer: the next sequence number, and where each batch lies."""

    next: int = 0
    bases: dict[int, int] = field(default_factory=dict)


class Broker(FakeKafka):
    """Topics, and the producers that it knows."""

    def __init__(self, time: Time) -> None:
        super().__init__(time)
        self.writes = 0
        self._trace = blake2b(digest_size=8)
        self._ids: dict[str, int] = defaultdict(int)
        self._heard: dict[tuple[str, int, str], dict[int, Heard]] = defaultdict(lambda: defaultdict(Heard))

    def take_id(self, name: str) -> int:
        """InitProducerId: return the new epoch."""
        self._ids[name] += 1
        return self._ids[name]

    def produce(
        self, name: str, epoch: int, sequence: int, topic: str, partition: int, batch: Sequence[Written]
    ) -> int:
        """Keep a batch, whole, and return its base offset; of one that it has already, where that lies.

        Raises InvalidProducerEpoch and OutOfOrderSequenceNumber.
        """
        where = topic, partition, name
        if self.is_fenced(where, epoch):
            raise InvalidProducerEpoch
        heard = self._heard[where][epoch]
        if sequence < heard.next:
            return heard.bases[sequence]
        if sequence > heard.next:
            raise OutOfOrderSequenceNumber
        self.writes += 1
        self._trace.update(f"{where} {epoch} {sequence} {len(batch)} {self.time.ms}\n".encode())
        heard.bases[sequence] = base = self.append(topic, partition, batch)
        heard.next += len(batch)
        return base

    def is_fenced(self, where: tuple[str, int, str], epoch: int) -> bool:
        """Whether a partition has heard of a newer epoch of this producer."""
        return any(newer > epoch for newer in self._heard[where])

    def trace(self) -> str:
        """Equal for equal histories: who wrote how much where and when."""
        return self._trace.hexdigest()

    def skip(self, topic: str, partition: int) -> None:
        """Use up an offset that no reader sees, as the marker of a transaction does."""
        self._ends[topic, partition] += 1

    def clean(self, topic: str, partition: int, upto: int) -> None:
        """Compact below offset `upto`, as a cleaner does that has come so far: the last of each key stays."""
        log = self._logs[topic, partition]
        newest = {record.key: record.offset for record in log if record.offset < upto}
        too_old = self.time.ms - DELETE_RETENTION_MS

        def stays(record: Kept) -> bool:
            if record.offset >= upto:
                return True
            return record.offset == newest[record.key] and (record.value is not None or record.timestamp >= too_old)

        self._logs[topic, partition] = [record for record in log if stays(record)]
