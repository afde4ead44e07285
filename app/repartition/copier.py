"""Copying from one log to the other, a transaction at a time: records and how far it has come, or neither."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.domain.partitioner import Hashing, partition_of
from app.errors import FailStop
from app.repartition import claim
from app.repartition.alone import Alone
from app.repartition.append_order import AppendOrder
from app.repartition.claim import Done
from app.settings import Settings

RECORDS: Final = 5_000
"""So many at most are one transaction, ..."""

VALUE_BYTES: Final = 16 * 1024 * 1024
"""... of about so many bytes, ..."""

SECONDS: Final = 1.0
"""... and it is not waited longer for more of them."""

FETCHED: Final = 500
"""Records taken at a time of what was fetched."""

KEYS_REMEMBERED: Final = 100_000

Place = Callable[[bytes | None, int], int]


def place(hashing: Hashing, partitions: int) -> Place:
    """Return a function of key and old partition: where a record belongs in a log of so many partitions."""

    @lru_cache(maxsize=KEYS_REMEMBERED)
    def of_key(key: bytes) -> int:
        return partition_of(hashing, key, partitions)

    return lambda key, came_from: of_key(key) if key else came_from % partitions


class Copier:
    """Copies what is committed in the old log, in the order of append times.

    `done` says where to begin in each partition, and is kept up to date. The producer is transactional; the consumer
    stands at those places. `alone`, if set, hears where the copies are kept. Once `stopping` is done, the transaction
    that is under way is the last.
    """

    def __init__(
        self,
        settings: Settings,
        source: str,
        old: AIOKafkaConsumer,
        new: AIOKafkaProducer,
        done: Mapping[int, Done],
        stopping: "asyncio.Future[None]",
    ) -> None:
        assert settings.partitioner != "any"
        self.done = dict(done)
        self.alone: Alone | None = None
        self._settings = settings
        self._source = source
        self._old = old
        self._new = new
        self._stopping = stopping
        self._place = place(settings.partitioner, settings.partitions)
        self._ordered = AppendOrder({number: one.offset for number, one in done.items()})

    async def ends(self) -> dict[int, int]:
        """Return where the old log ends now for one who reads what is committed. Raises FailStop as `demand`."""
        self.demand(len(self._old.partitions_for_topic(self._source) or self.done))
        ends = await self._old.end_offsets([TopicPartition(self._source, number) for number in self.done])
        return {tp.partition: end for tp, end in ends.items()}

    def demand(self, partitions: int) -> None:
        """Raise FailStop if the old log has not as many partitions as when this began."""
        if partitions != len(self.done):
            found = f"{self._source} has {partitions} partitions now, it had {len(self.done)}"
            raise FailStop(found, do="Run it again: it goes on, with all of them")

    def behind(self, ends: Mapping[int, int]) -> bool:
        """Tell whether anything before these offsets was not looked at yet."""
        return any(at < ends[number] for number, at in self._ordered.positions().items())

    def positions(self) -> dict[int, int]:
        """Return the offset of each partition before which everything was copied."""
        return self._ordered.positions()

    async def copy_to(self, ends: Mapping[int, int], after_each: Callable[[], None]) -> None:
        """Copy everything before these offsets; `after_each` is called after each transaction."""
        self._ordered.open(ends)
        while not self._stopping.done() and (records := await self._next()):
            await self._copy(records)
            after_each()

    async def _next(self) -> list[Any]:
        """Return the records of the next transaction, in order; none at the ends."""
        taken: list[Any] = []
        clock, size = asyncio.get_running_loop().time, 0
        until = clock() + SECONDS
        while len(taken) < RECORDS and size < VALUE_BYTES and (clock() < until or not taken):
            if not await self._feed():
                break
            if not (some := self._ordered.take(min(FETCHED, RECORDS - len(taken)))):
                break
            taken += some
            size += sum(len(record.value or b"") for record in some)
        return taken

    async def _feed(self) -> bool:
        """Fetch until no partition holds the others up; False if it is time to stop."""
        while hungry := [TopicPartition(self._source, number) for number in self._ordered.hungry()]:
            fetched = await self._old.getmany(*hungry, timeout_ms=1000, max_records=FETCHED)
            for tp in hungry:
                self._ordered.add(tp.partition, fetched.get(tp, ()), await self._old.position(tp))
            if self._stopping.done():
                return False
        return True

    async def _copy(self, records: Sequence[Any]) -> None:
        more = Counter(record.partition for record in records)
        # Of all partitions: what was committed long ago is forgotten, and one that is quiet must not begin anew.
        done = {n: Done(at, self.done[n].copied + more[n]) for n, at in self._ordered.positions().items()}
        batches = self._packed(records)
        async with self._new.transaction():
            topic = self._settings.source_topic
            acks = [await self._new.send_batch(batch, topic, partition=number) for number, batch in batches]
            for (number, batch), kept in zip(batches, await asyncio.gather(*acks), strict=True):
                if self.alone is not None:
                    self.alone.kept(number, kept.offset, batch.record_count())
            await self._commit(done)
        if self.alone is not None:
            self.alone.committed({number for number, _ in batches})
        self.done = done

    async def claim(self) -> None:
        """Commit where it begins, before anything is copied."""
        async with self._new.transaction():
            await self._commit(self.done)

    async def _commit(self, done: Mapping[int, Done]) -> None:
        offsets = claim.offsets(done, self._source, self._settings.source_topic)
        await self._new.send_offsets_to_transaction(offsets, claim.name(self._settings))

    def _packed(self, records: Iterable[Any]) -> list[tuple[int, Any]]:
        """Return the records as batches with their partitions; those of one partition keep their order."""
        full: list[tuple[int, Any]] = []
        filling: dict[int, Any] = {}
        for record in records:
            number = self._place(record.key, record.partition)
            batch = filling.get(number) or filling.setdefault(number, self._new.create_batch())
            if not _append(batch, record):
                full.append((number, batch))
                batch = filling[number] = self._new.create_batch()
                _append(batch, record)
        return full + list(filling.items())


def _append(batch: Any, record: Any) -> bool:
    headers = list(record.headers)
    return batch.append(timestamp=record.timestamp, key=record.key, value=record.value, headers=headers) is not None
