"""The same source log without any fault, and what a state says when it is asked: the measure of a sequence."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from app.engine.changelog import RowLoader
from app.engine.rows import Pressure
from tests.agents.fake_kafka import Kept, Time
from tests.agents.in_process import CHANGELOG, NAMES, Pipeline
from tests.builders import as_json, gift
from tests.faults.simulation.broker import Broker
from tests.faults.simulation.events import HOUR_MS, PARTITIONS
from tests.faults.simulation.sequence import Sequence, Simulated

Changelog = Mapping[int, Mapping[bytes, bytes | None]]
Told = dict[tuple[str, str], bytes]

QUIET_CUTS = 40


class Model:
    """An undisturbed run over a sequence's source log."""

    def __init__(self, sequence: Sequence) -> None:
        time = Time(sequence.time.ms)
        self.pipeline = Simulated(time, Broker(time))
        self.middle: Changelog = {}
        asyncio.run(self._play(sequence))

    async def _play(self, sequence: Sequence) -> None:
        for number in range(PARTITIONS):
            log = sequence.broker.records(NAMES.source, number)
            *before, last = log
            self._copy(number, before, last.offset)
        await self.pipeline.drain()
        self.middle = _changelog(self.pipeline)
        for number in range(PARTITIONS):
            self._copy(
                number, sequence.broker.records(NAMES.source, number)[-1:], sequence.broker.end(NAMES.source, number)
            )
        await self.pipeline.drain()
        self.pipeline.time.ms += 48 * HOUR_MS
        await self.pipeline.drain()

    def _copy(self, partition: int, records: list[Kept], end: int) -> None:
        """Append the records as they lie there, with the same append times and the same holes."""
        kafka, now = self.pipeline.kafka, self.pipeline.time.ms
        assert isinstance(kafka, Broker)
        for record in records:
            while kafka.end(NAMES.source, partition) < record.offset:
                kafka.skip(NAMES.source, partition)
            self.pipeline.time.ms = record.timestamp
            self.pipeline.send(partition, record.key, record.value)
        self.pipeline.time.ms = now
        while kafka.end(NAMES.source, partition) < end:
            kafka.skip(NAMES.source, partition)


def _changelog(pipeline: Pipeline) -> Changelog:
    return {
        number: {record.key or b"": record.value for record in pipeline.kafka.records(CHANGELOG, number)}
        for number in range(PARTITIONS)
    }


class Asked:
    """A fresh machine on a changelog's rows. `answers` is all that it publishes, from the first record on."""

    def __init__(self, pipeline: Pipeline, number: int, rows: Mapping[bytes, bytes | None]) -> None:
        self._machine = pipeline.machine(number, Pressure())
        loader = RowLoader(self._machine.families)
        loader.load(rows.items())
        self.position = loader.commit.position if loader.commit else 0
        self._machine.restore(0)
        self.answers: Told = {}
        self.refused: list[Any] = []

    def feed(self, records: list[Kept]) -> None:
        """Fold records, and take down what is said of each that is refused."""
        for record in records:
            if (output := self._machine.fold(record)) is not None:
                self.refused.append((record.offset, output.key, output.value, output.headers))

    def listen(self, now_ms: int) -> None:
        """Cut until nothing more is said."""
        quiet = 0
        while quiet < QUIET_CUTS:
            outputs, word, token = self._machine.cut(now_ms, False, False)
            for family in self._machine.families:
                family.changed.clear()
            for output in (*outputs, *([word] if word else [])):
                where = output.topic, (output.key or b"").decode()
                if output.value is None:
                    self.answers.pop(where, None)
                else:
                    self.answers[where] = output.value
            self._machine.published(token)
            quiet = 0 if outputs or word else quiet + 1


def probes(source: list[Kept], begin: int) -> list[Kept]:
    """Records that show what a state remembers: all that it has folded once more, streaks one frame further.

    The last one closes every window, so that nothing depends on what was final already.
    """
    asked = []
    now_ms = source[-1].timestamp if source else 0
    for record in source:
        asked.append((record.key, record.value))
        if (further := _further(record)) is not None:
            asked.append((record.key, further))
    stream = (source[-1].key if source else None) or b"tiktok:a"
    end = gift(stream=stream.decode(), at=now_ms + 30 * HOUR_MS, event_id="tiktok:closed")
    kept = [Kept(begin + at, now_ms, *each) for at, each in enumerate(asked)]
    return [*kept, Kept(begin + len(kept), now_ms + 30 * HOUR_MS, stream, as_json(end))]


def _further(record: Kept) -> bytes | None:
    try:
        event = msgspec.json.decode(record.value or b"")
        if event["phase"] == "single":
            return None
        return as_json(event | {"event_id": f"tiktok:further{record.offset}", "quantity": event["quantity"] + 1})
    except (msgspec.DecodeError, LookupError, TypeError):
        return None
