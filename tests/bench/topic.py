"""Topics of the benchmark: made, read to their end, deleted."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

PARTITIONS: Final = 4
AT_ONCE: Final = 10_000
TIMEOUT: Final = 30.0
CONFIG: Final = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1", "cleanup.policy": "delete"}


def make(broker: str, name: str) -> None:
    """Make a topic, with append times. Raises KafkaException."""
    topic = NewTopic(name, num_partitions=PARTITIONS, replication_factor=1, config=CONFIG)
    client = AdminClient({"bootstrap.servers": broker, "log_level": 3})
    client.create_topics([topic])[name].result(TIMEOUT)


def drop(broker: str, unwanted: Callable[[str], bool]) -> None:
    """Delete the topics whose name is unwanted; Kafka's own stay."""
    client = AdminClient({"bootstrap.servers": broker, "log_level": 3})
    names = [
        name for name in client.list_topics(timeout=TIMEOUT).topics if not name.startswith("__") and unwanted(name)
    ]
    if names:
        for done in client.delete_topics(names).values():
            done.result(TIMEOUT)


class Reader:
    """Reads a topic from its beginning to wherever its end is, as often as asked; committed records only."""

    def __init__(self, broker: str, topic: str) -> None:
        self._partitions = [TopicPartition(topic, number, 0) for number in range(PARTITIONS)]
        settings: dict[str, Any] = {
            "bootstrap.servers": broker,
            "group.id": "reader",
            "log_level": 3,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "queued.max.messages.kbytes": 64 * 1024,
            "queued.min.messages": 1_000_000,
            "fetch.queue.backoff.ms": 10,
        }
        self._consumer = Consumer(settings)

    def ends(self) -> list[int]:
        """Return where each partition ends, without reading."""
        return [self._consumer.get_watermark_offsets(each, TIMEOUT)[1] for each in self._partitions]

    def read(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Yield key, value and append time in ms of each record that was not read yet."""
        self._consumer.assign(self._partitions)
        try:
            yield from self._to_the_end()
        finally:
            self._consumer.unassign()

    def _to_the_end(self) -> Iterator[tuple[bytes, bytes, int]]:
        behind = set(range(PARTITIONS))
        while behind:
            for message in self._consumer.consume(AT_ONCE, 0.1):
                error, partition = message.error(), message.partition() or 0
                if error is None:
                    self._partitions[partition].offset = (message.offset() or 0) + 1
                    yield message.key() or b"", message.value() or b"", message.timestamp()[1]
                elif error.code() == KafkaError._PARTITION_EOF:
                    behind.discard(partition)
                else:
                    raise RuntimeError(str(error))

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
