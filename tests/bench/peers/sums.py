"""The machine of the benchmark's plain jobs, compiled by mypyc as giftstream's own machines are (`build.machine`).

The sums of the records since the last cut are kept apart, and added to the rows when a cut is due: so a row is
looked for once a cut, and known to have changed without a note. Rows are written once a second, as everybody's are.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from mypy_extensions import i64, mypyc_attr

from app.engine.machine import Output
from app.engine.rows import Family, Pressure
from tests.bench.peers.engine_rows import Gifter, Total
from tests.bench.peers.gift import KeyedGift
from tests.bench.peers.task import MINUTE_MS, Task, gifter_row, total_row

ROW_BYTES: Final = 64
"""Estimated size of a gifter's row in a record batch, key included."""

_decode: Final = msgspec.json.Decoder(KeyedGift).decode


@mypyc_attr(acyclic=True)
class Row:
    """A row to publish: an engine's Output."""

    __slots__ = ("headers", "key", "partition", "topic", "value")

    def __init__(self, topic: str, partition: int, key: bytes, value: bytes) -> None:
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers: Sequence[tuple[str, bytes]] = ()


@mypyc_attr(acyclic=True)
class Minute:
    """What a stream was given since the last cut in a minute."""

    __slots__ = ("sends", "value")

    def __init__(self) -> None:
        self.value: i64 = 0
        self.sends: i64 = 0


@mypyc_attr(acyclic=True)
class News:
    """What a stream was given since the last cut: by minute, and value by gifter."""

    __slots__ = ("_last", "_number", "gifters", "minutes")

    def __init__(self) -> None:
        self.minutes: dict[int, Minute] = {}
        self.gifters: dict[str, int] = {}
        self._number: i64 = -1
        self._last = Minute()

    def minute(self, number: i64) -> Minute:
        """Return a minute, counted from 1970. Most gifts are of that of the gift before."""
        if number != self._number:
            found = self.minutes.get(number)
            if found is None:
                found = self.minutes[number] = Minute()
            self._number, self._last = number, found
        return self._last


class Sums:
    """The machine of one partition."""

    def __init__(self, number: int, pressure: Pressure, task: Task) -> None:
        self.minutes: Family[Total] = Family("m", Total, pressure)
        self.gifters: Family[Gifter] = Family("g", Gifter, pressure)
        self.families: Sequence[Family[Any]] = (self.minutes, self.gifters)
        self._with_gifters = task.gifters
        self._out = task.out
        self._partition = number
        self._pressure = pressure
        self._position: i64 = 0
        self._published: i64 = 0
        self._news: dict[bytes, News] = {}
        self._again: list[Output] = []

    def fold(self, record: Any) -> Output | None:
        gift = _decode(record.value)
        key: bytes = record.key
        if (news := self._news.get(key)) is None:
            news = self._news[key] = News()
        sends: i64 = gift.quantity
        at_ms: i64 = gift.event_time_ms
        value: i64 = gift.unit_value
        value *= sends
        minute = news.minute(at_ms // MINUTE_MS)
        minute.value += value
        minute.sends += sends
        if self._with_gifters and (sender := gift.sender_id) is not None:
            self._give(news.gifters, sender, value)
        offset: i64 = record.offset
        self._position = offset + 1
        return None

    def _give(self, gifters: dict[str, int], sender: str, value: i64) -> None:
        if (given := gifters.get(sender)) is None:
            gifters[sender] = value
            self._pressure.bytes += ROW_BYTES
        else:
            gifters[sender] = given + value

    def cut(self, now_ms: int, idle: bool, behind: bool) -> tuple[Sequence[Output], Output | None, Any]:
        outputs, self._again = self._again, []
        position: Any = self._position  # boxed once, or each row would hold a number of its own
        for stream, news in self._news.items():
            group = stream.decode()
            outputs += self._add_minutes(group, news.minutes, position)
            if news.gifters:
                outputs += self._add_gifters(group, news.gifters, position)
        self._news = {}
        return outputs, None, self._position

    def _add_minutes(self, group: str, minutes: dict[int, Minute], position: Any) -> list[Row]:
        prefix, rows, changing = f"{group}|", self.minutes.groups.setdefault(group, {}), self.minutes.changing(group)
        outputs: list[Row] = []
        for number, minute in minutes.items():
            member = str(number * MINUTE_MS)
            if (row := rows.get(member)) is None:
                row = rows[member] = Total(minute.value, minute.sends, position)
            else:
                row.value += minute.value
                row.sends += minute.sends
                row.position = position
            changing[member] = row
            outputs.append(self._output(prefix, member, total_row(row.value, row.sends)))
        return outputs

    def _add_gifters(self, group: str, gifters: dict[str, int], position: Any) -> list[Row]:
        prefix, rows, changing = f"{group}|", self.gifters.groups.setdefault(group, {}), self.gifters.changing(group)
        outputs: list[Row] = []
        for member, value in gifters.items():
            if (row := rows.get(member)) is None:
                row = rows[member] = Gifter(value, position)
            else:
                row.value += value
                row.position = position
            changing[member] = row
            outputs.append(self._output(prefix, member, gifter_row(row.value)))
        return outputs

    def _output(self, prefix: str, member: str, told: bytes) -> Row:
        return Row(self._out, self._partition, (prefix + member).encode(), told)

    def published(self, token: Any) -> None:
        self._published = token

    def mark(self) -> int:
        return self._published

    def restore(self, mark: int) -> None:
        """What a run at or behind `mark` has changed is not known to be published: it goes out with the next one."""
        self._again = []
        for group, member, total in self.minutes:
            if total.position > mark:
                self._again.append(self._output(f"{group}|", member, total_row(total.value, total.sends)))
        for group, member, gifter in self.gifters:
            if gifter.position > mark:
                self._again.append(self._output(f"{group}|", member, gifter_row(gifter.value)))
        self._position = self._published = mark

    def passed(self, end: int) -> None:
        self._position = end

    def lost(self, begin: int, end: int) -> None:
        raise NotImplementedError("no gaps are accepted here")

    def release(self) -> None:
        """Nothing here holds what holds it."""
