"""Runs: the records of one topic partition that one fetch brought, handed to an agent as one event.

Faust delivers one event a record, at 75 to 100 µs each. `RunScheduler` and `RunSchema` are public settings of
Faust (`ConsumerScheduler`, `topic(schema=)`) and make it one event a run.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import faust
from faust.types import TP
from faust.types.transports import SchedulingStrategyT


class Run:
    """The log from offset `begin` to `end`, half open, and the records a reader may see in it.

    Control records and aborted ones lie inside without being in `records`. `highwater` is the end of the log as
    last heard, or None. The remaining attributes make it look like the consumer record that Faust expects.
    """

    __slots__ = ("begin", "end", "highwater", "offset", "partition", "records", "timestamp", "topic")

    headers = None
    key = None
    checksum = None
    serialized_key_size = 0
    timestamp_type = 1

    def __init__(self, tp: TP, begin: int, end: int, records: Sequence[Any], highwater: int | None) -> None:
        self.topic, self.partition = tp
        self.begin = begin
        self.end = end
        self.records = records
        self.highwater = highwater
        self.offset: int = records[-1].offset
        self.timestamp: int = records[-1].timestamp

    @property
    def value(self) -> "Run":
        return self

    @property
    def serialized_value_size(self) -> int:
        return len(self.records)


class RunScheduler(SchedulingStrategyT):
    """Yields each run whole. The fetch has already cut them to `max_poll_records`."""

    @staticmethod
    def map_from_records(records: Any) -> Any:
        return records

    def iterate(self, records: Mapping[TP, Any]) -> Iterator[tuple[TP, Any]]:
        yield from records.items()

    def records_iterator(self, index: Any) -> Iterator[tuple[TP, Any]]:
        yield from index.items()


class RunSchema(faust.Schema[Any, Any]):
    """Leaves a run as it is: decoding is the fold's, record by record, so that one bad record fails alone."""

    def loads_key(self, app: Any, message: Any, **kwargs: Any) -> Any:
        return None

    def loads_value(self, app: Any, message: Any, **kwargs: Any) -> Any:
        return message.value
