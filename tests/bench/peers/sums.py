"""The machine of the benchmark's plain jobs, compiled by mypyc as giftstream's own machines are (`build.machine`).

Rows are written once a second, as everybody's are: each is entered among the changed ones at its first change in a run.
Gifters, of whom there are millions, are kept by the engine's Counters; totals, which are few, as objects.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from mypy_extensions import i64, mypyc_attr

from app.engine.counters import Counted, CounterFamily, Counters
from app.engine.machine import Output
from app.engine.rows import Family, Pressure
from tests.bench.peers.gift import KeyedGift
from tests.bench.peers.task import MINUTE_MS, Task, gifter_row, total_row

ROW_BYTES: Final = 64
"""Estimated size of a row in a record batch, key included."""

TOLD: Final = 100
"""So many changed rows are told at once."""

_decode: Final = msgspec.json.Decoder(KeyedGift).decode


@mypyc_attr(acyclic=True)
class Told:
    """A row to publish: an engine's Output."""

    __slots__ = ("headers", "key", "partition", "topic", "value")

    def __init__(self, topic: str, partition: int, key: str, value: bytes) -> None:
        self.topic = topic
        self.partition = partition
        self.key = key.encode()
        self.value = value
        self.headers: Sequence[tuple[str, bytes]] = ()


@mypyc_attr(acyclic=True)
class Total:
    """What a stream was given in a minute. It changed last in `run`, there first by the record before `position`."""

    __slots__ = ("position", "run", "sends", "value")

    def __init__(self, value: i64, sends: i64, position: i64) -> None:
        self.value = value
        self.sends = sends
        self.position = position
        self.run: i64 = -1

    @staticmethod
    def unpack(fields: list[Any]) -> "Total":
        value, sends, position = fields
        return Total(value, sends, position)

    def pack(self) -> tuple[Any, ...]:
        return self.value, self.sends, self.position


class Sums:
    """The machine of one partition. Its rows: minute -> stream, and stream -> gifter."""

    def __init__(self, number: int, pressure: Pressure, task: Task) -> None:
        self.minutes: Family[Total] = Family("m", Total, pressure)
        self.gifters = CounterFamily("g", pressure)
        self.families: Sequence[Family[Any]] = (self.minutes, self.gifters)
        self._streams: dict[str, Counters] = self.gifters.counters
        self._changed_totals: dict[str, list[Any]] = self.minutes.changed
        self._changed_streams: dict[str, Counters] = {}
        self._with_gifters = task.gifters
        self._out = task.out
        self._partition = number
        self._pressure = pressure
        self._position: i64 = 0
        self._published: i64 = 0
        self._run: i64 = 0
        self._untold: i64 = 0
        self._number: i64 = -1
        self._minute = ""
        self._totals: dict[str, Total] = {}
        self._again: list[Output] = []

    def fold(self, record: Any) -> Output | None:
        gift = _decode(record.value)
        offset: i64 = record.offset
        self._position = offset + 1
        stream: str = record.key.decode()
        sends: i64 = gift.quantity
        at_ms: i64 = gift.event_time_ms
        value: i64 = gift.unit_value
        value *= sends
        self._count(stream, at_ms // MINUTE_MS, value, sends)
        if self._with_gifters and (sender := gift.sender_id) is not None:
            self._give(stream, sender, value)
        return None

    def _count(self, stream: str, number: i64, value: i64, sends: i64) -> None:
        """Add to the stream's minute, counted from 1970. Most gifts are of that of the gift before."""
        if number != self._number:
            self._number, self._minute = number, str(number * MINUTE_MS)
            self._totals = self.minutes.groups.setdefault(self._minute, {})
        total = self._totals.get(stream)
        if total is None:
            total = self._totals[stream] = Total(0, 0, 0)
        total.value += value
        total.sends += sends
        if total.run != self._run:
            total.run, total.position = self._run, self._position
            self._enter(self._minute, stream, total)

    def _give(self, stream: str, sender: str, value: i64) -> None:
        gifters = self._streams.get(stream)
        if gifters is None:
            gifters = self._streams[stream] = Counters()
        changes: i64 = gifters.add(sender, value, self._position)
        if changes:
            if changes == 1:
                self._changed_streams[stream] = gifters
            self._tell()

    def _enter(self, minute: str, stream: str, row: Total) -> None:
        """A total has changed."""
        rows = self._changed_totals.get(minute)
        if rows is None:
            self._changed_totals[minute] = [stream, row]
        else:
            rows.append(stream)
            rows.append(row)
        self._tell()

    def _tell(self) -> None:
        """A row has changed. How many have is told in bulk, as it is a call into other compiled code."""
        self._untold += 1
        if self._untold == TOLD:
            self._pressure.bytes += TOLD * ROW_BYTES
            self._untold = 0

    def cut(self, now_ms: int, idle: bool, behind: bool) -> tuple[Sequence[Output], Output | None, Any]:
        self._run += 1
        self._untold = 0
        outputs, self._again = self._again, []
        for minute, totals in self._changed_totals.items():
            for at in range(0, len(totals), 2):
                outputs.append(self._total(totals[at], minute, totals[at + 1]))
        changed = self.gifters.changed
        for stream, counters in self._changed_streams.items():
            gifters = changed[stream] = counters.take()
            outputs += self._gifters(stream, gifters)
        self._changed_streams.clear()
        return outputs, None, self._position

    def _total(self, stream: str, minute: str, row: Total) -> Told:
        return Told(self._out, self._partition, f"{stream}|{minute}", total_row(row.value, row.sends))

    def _gifters(self, stream: str, rows: list[Any]) -> list[Output]:
        """Return what is published of names and rows, as `Counters.take` gives them."""
        outputs: list[Output] = []
        for at in range(0, len(rows), 2):
            row: Counted = rows[at + 1]
            outputs.append(Told(self._out, self._partition, f"{stream}|{rows[at]}", gifter_row(row[0])))
        return outputs

    def published(self, token: Any) -> None:
        self._published = token

    def mark(self) -> int:
        return self._published

    def restore(self, mark: int) -> None:
        """What a run at or behind `mark` has changed is not known to be published: it goes out with the next one."""
        self._again = [self._total(stream, minute, row) for minute, stream, row in self.minutes if row.position > mark]
        for stream, counters in self._streams.items():
            self._again += self._gifters(stream, counters.behind(mark))
        self._position = self._published = mark

    def passed(self, end: int) -> None:
        self._position = end

    def lost(self, begin: int, end: int) -> None:
        raise NotImplementedError("no gaps are accepted here")

    def release(self) -> None:
        """Nothing here holds what holds it."""
