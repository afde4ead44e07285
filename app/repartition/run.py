"""One repartition: copy the old log into a new one, let new workers begin, and copy on until nothing comes any more.

::

    claim ─ make the topics ─ copy ─ caught up ─ take append times from the broker ─ copy what comes ─ silent

Whatever crashes in between: run again, it goes on behind the last transaction. The old log is only read.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    KafkaError,
    OffsetOutOfRangeError,
    ProducerFenced,
)

from app.connection import client_options
from app.engine.reader import LogReader
from app.errors import FailStop, Finding
from app.rebuild.progress import Pace
from app.repartition import claim
from app.repartition.alone import Alone
from app.repartition.claim import NEW_ONES, Done
from app.repartition.clients import reading, writing
from app.repartition.copier import Copier
from app.repartition.prepare import described, make_topics, may_repartition, open_to_workers
from app.repartition.told import CaughtUp, Copied, Ended, Event
from app.settings import Settings

SHORT_SECONDS: Final = 5.0
"""It has caught up when what came in the meantime took less than this to copy."""

POLL_SECONDS: Final = 0.2

FENCED: Final = (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping)


class Repartition:
    """A run over what `reading` and `writing` give."""

    def __init__(
        self,
        settings: Settings,
        source: str,
        copier: Copier,
        starts: Mapping[int, int],
        stopping: "asyncio.Future[None]",
        tell: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._source = source
        self._copier = copier
        self._stopping = stopping
        self._tell = tell
        self._pace = Pace(starts, kind=Copied)
        self._clock = asyncio.get_running_loop().time

    async def run(self, until_silent: float) -> Ended:
        """Catch up, then copy on until the old log has been silent for so many seconds, or it is time to stop."""
        caught_up = await self._catch_up()
        if caught_up:
            await open_to_workers(self._settings)
            self._copier.alone = None
            settings, copied = self._settings, self._copied()
            self._tell(CaughtUp(self._source, settings.source_topic, settings.app_id, settings.partitions, copied))
            await self._until_silent(until_silent)
        return Ended(self._source, self._settings.source_topic, self._copied(), await self._left(), caught_up)

    async def _catch_up(self) -> bool:
        """Copy until hardly more than what came just now is left; False if it was time to stop."""
        took = SHORT_SECONDS
        while took >= SHORT_SECONDS and not self._stopping.done():
            begun = self._clock()
            await self._copy_to(await self._copier.ends())
            took = self._clock() - begun
        return not self._stopping.done()

    async def _until_silent(self, seconds: float) -> None:
        heard = self._clock()
        while not self._stopping.done():
            ends = await self._copier.ends()
            if self._copier.behind(ends):
                await self._copy_to(ends)
                heard = self._clock()
            elif self._clock() - heard >= seconds and not await self._left():
                return
            await asyncio.wait([self._stopping], timeout=POLL_SECONDS)

    async def _copy_to(self, ends: Mapping[int, int]) -> None:
        def tell() -> None:
            if told := self._pace.due(self._copier.positions(), ends):
                self._tell(told)

        await self._copier.copy_to(ends, tell)

    def _copied(self) -> int:
        return sum(done.copied for done in self._copier.done.values())

    async def _left(self) -> int:
        """Return how many offsets of the old log are not copied, those of open transactions among them.

        Raises FailStop if it was given more partitions meanwhile.
        """
        old = await described(self._settings, self._source)
        self._copier.demand(old.partitions if old else 0)
        positions = self._copier.positions()
        ends = await LogReader(client_options(self._settings)).end_offsets(self._source, list(positions))
        return sum(max(0, ends[number] - at) for number, at in positions.items())


async def repartition(
    settings: Settings,
    source: str,
    until_silent: float,
    stopping: "asyncio.Future[None]",
    tell: Callable[[Event], None],
    say: Callable[[str], None],
) -> Ended:
    """Copy the topic `source` into the source topic of the settings, whose number of partitions is another.

    `tell` hears how far it is, `say` what else is to be known. Raises UsageError before anything was changed, and what
    `explained` makes of errors.
    """
    old = await may_repartition(settings, source)
    with explained(settings):
        async with writing(settings) as producer, reading(settings) as consumer:
            tps = [TopicPartition(source, number) for number in range(old.partitions)]
            starts = {tp.partition: at for tp, at in (await consumer.beginning_offsets(tps)).items()}
            begun = await claim.read(settings, source, old.partitions)
            done = {number: begun.get(number, Done(start)) for number, start in starts.items()}
            for warning in lost(source, starts, done):
                say(warning)
            consumer.assign(tps)
            for tp in tps:
                consumer.seek(tp, done[tp.partition].offset)
            copier = Copier(settings, source, consumer, producer, done, stopping)
            if begun.keys() != done.keys():
                await copier.claim()
            if (ends := await make_topics(settings, old)) is not None:
                copier.alone = Alone(settings.source_topic, ends)
            return await Repartition(settings, source, copier, starts, stopping, tell).run(until_silent)


def lost(source: str, starts: Mapping[int, int], done: Mapping[int, Done]) -> list[str]:
    """Return warnings of what the old log had lost when it was begun. Raises Finding for what it has lost since."""
    for number, one in done.items():
        if one.offset < starts[number]:
            raise Finding(
                f"{source}[{number}] begins at {starts[number]:,}, but the next record to copy is {one.offset:,}: "
                "retention deleted records before they were copied",
                do=f"{NEW_ONES}: the copy then begins where the log does",
            )
    places = ", ".join(f"{number}:{start:,}" for number, start in starts.items() if start and not done[number].copied)
    if not places:
        return []
    return [
        f"warning: {source} has lost its beginning to retention; it begins at {places} (partition:offset). "
        "Boards that began before hold what the log still has"
    ]


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Turn what Kafka says into FailStop, and a position that the old log does not have into Finding."""
    try:
        yield
    except OffsetOutOfRangeError as error:
        found = f"The old log does not hold the next record to copy ({error}): it was truncated, or retention took it"
        raise Finding(found, do=NEW_ONES) from error
    except KafkaError as error:
        if isinstance(error, FENCED) or isinstance(error.__cause__, FENCED):
            raise FailStop(
                f"Another `giftstream repartition` into app id {settings.app_id} has taken over, or this one stood "
                "still for a minute; what was copied is whole",
                do="Let the other one go on, or run it again",
            ) from error
        found = f"Kafka refuses: {type(error).__name__}: {error}; what was copied is whole"
        raise FailStop(found, do="Mend that and run it again: it goes on") from error
