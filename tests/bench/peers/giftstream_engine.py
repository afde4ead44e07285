"""giftstream's engine doing the benchmark's plain jobs: one fenced, recoverable table, and nothing of gifts.

What is given up for speed: nothing. Each run of changed rows is one record batch with its position, every row goes out
once its run is acknowledged, and a takeover goes on exactly where the last run ended.

The sums of the records since the last cut are kept apart, and added to the rows when a cut is due: so a row is
looked for once a cut, and known to have changed without a note. Rows are written once a second, as everybody's are.
"""

import asyncio
import signal
from collections import defaultdict
from collections.abc import AsyncIterable, Iterable, Sequence
from typing import Any, Final

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from yarl import URL

from app.engine import memory
from app.engine.app import EngineApp
from app.engine.machine import Output
from app.engine.observer import Observer
from app.engine.partition import FlushOptions, Identity
from app.engine.rows import Family, Pressure
from app.engine.runs import Run
from app.engine.table import StateTable
from app.engine.takeover import Takeover
from tests.bench.peers.task import MINUTE_MS, PARTITIONS, Task, gifter_row, parse, say_ready, total_row

SESSION_SECONDS: Final = 10.0
CHANGELOG: Final = {"cleanup.policy": "compact", "delete.retention.ms": "86400000", "max.message.bytes": str(8 * 2**20)}


class Gift(msgspec.Struct, gc=False):
    """The fields that count; the stream is the record's key."""

    unit_value: int
    quantity: int
    event_time_ms: int
    sender_id: str | None = None


class Total(msgspec.Struct, array_like=True, gc=False):
    """What a stream was given in a minute, and the position that the row was written at."""

    value: int
    sends: int
    position: int

    def told(self) -> bytes:
        """Return what is published of it."""
        return total_row(self.value, self.sends)


class Gifter(msgspec.Struct, array_like=True, gc=False):
    """What a gifter gave to a stream."""

    value: int
    position: int

    def told(self) -> bytes:
        """Return what is published of it."""
        return gifter_row(self.value)


class Row(msgspec.Struct, gc=False):
    """A row to publish: an engine's Output."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


ROW_BYTES: Final = 64
"""Estimated size of a gifter's row in a record batch, key included."""

_decode: Final = msgspec.json.Decoder(Gift).decode


class News:
    """What a stream was given since the last cut: value and sends by minute, and value by gifter."""

    __slots__ = ("gifters", "minutes")

    def __init__(self) -> None:
        self.minutes: dict[int, tuple[int, int]] = {}
        self.gifters: dict[str, int] = {}


class Sums:
    """The machine of one partition."""

    def __init__(self, number: int, pressure: Pressure, task: Task) -> None:
        self.minutes = Family("m", Total, pressure)
        self.gifters = Family("g", Gifter, pressure)
        self.families: Sequence[Family[Any]] = (self.minutes, self.gifters)
        self._with_gifters = task.gifters
        self._out = task.out
        self._number = number
        self._pressure = pressure
        self._position = 0
        self._published = 0
        self._news: defaultdict[bytes, News] = defaultdict(News)
        self._again: list[tuple[str, str, Total | Gifter]] = []

    def fold(self, record: Any) -> Output | None:
        gift, news = _decode(record.value), self._news[record.key]
        sends, minute, minutes = gift.quantity, gift.event_time_ms // MINUTE_MS, news.minutes
        value = gift.unit_value * sends
        if self._with_gifters and (sender := gift.sender_id) is not None:
            gifters = news.gifters
            if (given := gifters.get(sender)) is None:
                gifters[sender] = value
                self._pressure.bytes += ROW_BYTES
            else:
                gifters[sender] = given + value
        if row := minutes.get(minute):
            value, sends = row[0] + value, row[1] + sends
        minutes[minute] = value, sends
        self._position = record.offset + 1
        return None

    def cut(self, now_ms: int, idle: bool, behind: bool) -> tuple[Sequence[Output], Output | None, Any]:
        outputs = [self._output(f"{group}|", member, row) for group, member, row in self._again]
        for stream, news in self._news.items():
            group = stream.decode()
            outputs += self._add_minutes(group, news.minutes)
            if news.gifters:
                outputs += self._add_gifters(group, news.gifters)
        self._again = []
        self._news = defaultdict(News)
        return outputs, None, self._position

    def _add_minutes(self, group: str, minutes: dict[int, tuple[int, int]]) -> Iterable[Output]:
        prefix, rows, changing = f"{group}|", self.minutes.groups.setdefault(group, {}), self.minutes.changing(group)
        position = self._position
        for minute, (value, sends) in minutes.items():
            member = str(minute * MINUTE_MS)
            if (row := rows.get(member)) is None:
                row = rows[member] = Total(value, sends, position)
            else:
                row.value += value
                row.sends += sends
                row.position = position
            changing[member] = row
            yield self._output(prefix, member, row)

    def _add_gifters(self, group: str, gifters: dict[str, int]) -> Iterable[Output]:
        prefix, rows, changing = f"{group}|", self.gifters.groups.setdefault(group, {}), self.gifters.changing(group)
        out, number, position, outputs = self._out, self._number, self._position, []
        for member, value in gifters.items():
            if (row := rows.get(member)) is None:
                row = rows[member] = Gifter(value, position)
            else:
                value = row.value = row.value + value
                row.position = position
            changing[member] = row
            outputs.append(Row(out, number, (prefix + member).encode(), gifter_row(value)))
        return outputs

    def _output(self, prefix: str, member: str, row: Total | Gifter) -> Output:
        return Row(self._out, self._number, (prefix + member).encode(), row.told())

    def published(self, token: Any) -> None:
        self._published = token

    def mark(self) -> int:
        return self._published

    def restore(self, mark: int) -> None:
        """What a run at or behind `mark` has changed is not known to be published: it goes out with the next one."""
        self._again = [row for family in self.families for row in family if row[2].position > mark]
        self._position = self._published = mark

    def passed(self, end: int) -> None:
        self._position = end

    def lost(self, begin: int, end: int) -> None:
        raise NotImplementedError("no gaps are accepted here")

    def release(self) -> None:
        """Nothing here holds what holds it."""


class Ready(Observer):
    """Says what was recovered, and that the first records are asked for next."""

    table: StateTable

    def recovered(self, seconds: float) -> None:
        rows = sum(owner.rows for owner in self.table.owned.values())
        print(f"restored {rows} {1000 * seconds:.0f}", flush=True)
        say_ready()


def create_app(task: Task) -> EngineApp:
    """Return the app: one table, made from the source's runs."""
    app = EngineApp(
        task.app_id,
        broker=[URL(f"kafka://{task.broker}")],
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=SESSION_SECONDS / 3,
        consumer_max_fetch_size=4 * 2**20,
    )
    takeover = Takeover(
        task.app_id,
        changelog(task),
        Identity(PARTITIONS, "sums"),
        {"bootstrap_servers": task.broker},
        app.stall_watch.check,
    )
    ready = Ready()
    table = ready.table = app.state_table("state").configure(
        task.source,
        lambda number, pressure: Sums(number, pressure, task),
        takeover,
        options=FlushOptions(every_ms=1000, behind_every_ms=1000),
        observer=ready,
    )

    @app.agent(app.run_topic(task.source))
    async def sums(runs: AsyncIterable[Run]) -> None:
        async for run in runs:
            await table.fold(run)

    return app


def changelog(task: Task) -> str:
    """Return the name of the changelog."""
    return f"{task.app_id}-state-changelog"


async def main(task: Task) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=task.broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(changelog(task), PARTITIONS, 1, topic_configs=CHANGELOG)])
    finally:
        await admin.close()
    app, stopping = create_app(task), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    memory.tune()
    await app.start()
    await stopping.wait()
    await app.stop()


if __name__ == "__main__":
    asyncio.run(main(parse()))
