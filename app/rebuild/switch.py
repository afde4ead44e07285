"""The switch: what the hidden topics say becomes what the public ones say. Done twice, it changes nothing more.

It is published by the producers that the new generation's workers will have, so that one of them, once started, makes
the broker refuse a rebuild that was asleep.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, Final

from agents.domain.merge import Merge
from agents.merge import MergedBoards
from agents.output import Output
from app.connection import client_options
from app.engine.clock import now_ms
from app.engine.producer import FencedProducer
from app.engine.reader import LogReader
from app.rebuild.difference import Known, Values, differences
from app.settings import Settings, rules
from app.topology import Topology, topology
from schemas.dead_letter import HEADER_PREFIX
from schemas.replaced import replacement

AT_ONCE: Final = 5_000
"""Records on their way to the broker."""


class Switch:
    """Publishes what differs."""

    def __init__(self, settings: Settings, hidden: Topology, known: Known) -> None:
        self._settings = settings
        self._hidden = hidden
        self._public = topology(settings)
        self._known = known
        self._reader = LogReader(client_options(settings))
        self.published: dict[str, int] = {}
        """Records by public topic."""

    async def run(self) -> None:
        """Publish. Raises Fenced if a worker of the new generation was started meanwhile."""
        for number in range(self._settings.partitions):
            async with self._producer(number) as producer:
                for topic in ("totals", "gifters", "spikes"):
                    new = await self._newest(getattr(self._hidden, topic).name, number)
                    await self._publish(producer, getattr(self._public, topic).name, number, new)
                await self._send(producer, await self._missing_letters(number))
        async with self._producer("merge") as producer:
            await self._publish(producer, self._public.streams.name, 0, await self._merged())

    async def _publish(self, producer: FencedProducer, topic: str, number: int, new: Values) -> None:
        old, headers = await self._newest(topic, number), replacement(self._settings.app_id)
        await self._send(
            producer,
            (
                Output(topic, number, key, value, headers if value is None else ())
                for key, value in differences(new, old, self._known)
            ),
        )

    async def _send(self, producer: FencedProducer, outputs: Iterable[Output]) -> None:
        rest = iter(outputs)
        while some := list(islice(rest, AT_ONCE)):
            await producer.publish(some, now_ms())
            self.published[some[0].topic] = self.published.get(some[0].topic, 0) + len(some)

    async def _newest(self, topic: str, number: int) -> Values:
        """Return the newest value of each key that has one."""
        found: dict[bytes, bytes] = {}

        def take(record: Any) -> None:
            if record.value is None:
                found.pop(record.key, None)
            else:
                found[record.key] = record.value

        await self._reader.replay(topic, number, take)
        return found

    async def _missing_letters(self, number: int) -> Sequence[Output]:
        """Return the dead letters whose source record has none among the public ones."""
        known: set[bytes] = set()
        missing: dict[bytes, Output] = {}
        public = self._public.dead_letters.name
        await self._reader.replay(public, number, lambda letter: known.add(_offset(letter)))

        def take(letter: Any) -> None:
            if (offset := _offset(letter)) not in known:
                missing[offset] = Output(public, number, letter.key, letter.value, letter.headers)

        await self._reader.replay(self._hidden.dead_letters.name, number, take)
        return list(missing.values())

    async def _merged(self) -> Values:
        """Return the boards over all partitions, as the partials make them."""
        boards = MergedBoards(Merge(rules(self._settings)), self._public.streams.name, lambda merged: None)
        await self._reader.replay(self._public.partials.name, 0, boards.apply)
        newest = {output.key or b"": output.value for output in boards.changed(now_ms())}
        return {key: value for key, value in newest.items() if value is not None}

    @asynccontextmanager
    async def _producer(self, name: int | str) -> AsyncIterator[FencedProducer]:
        producer = FencedProducer(f"{self._settings.app_id}-{name}", client_options(self._settings), lambda: None)
        try:
            await producer.start()
            yield producer
        finally:
            await producer.stop()


def _offset(letter: Any) -> bytes:
    """Return the offset that a dead letter was read at; a dead letter lies in the partition of its record."""
    offset: bytes = dict(letter.headers).get(f"{HEADER_PREFIX}offset", b"")
    return offset
