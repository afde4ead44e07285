"""Topics, load and worker processes for the engine's tests on a real broker."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.engine.toy_worker import PARTITIONS

READY_SECONDS = 40
_number = count(1)


@dataclass
class Words:
    """One source topic with its outputs, and what was sent to it."""

    broker: str
    source: str = field(default_factory=lambda: f"words-{os.getpid()}-{next(_number)}")
    sent: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def app_id(self) -> str:
        return f"app-{self.source}"

    @property
    def changelog(self) -> str:
        return f"{self.app_id}-words-changelog"

    async def create(self) -> None:
        compact = {"cleanup.policy": "compact", "max.message.bytes": str(8 * 1024 * 1024)}
        stamped = {"message.timestamp.type": "LogAppendTime"}
        await self._admin(
            "create_topics",
            [
                NewTopic(self.source, PARTITIONS, 1, topic_configs=stamped),
                NewTopic(f"counts-{self.source}", PARTITIONS, 1),
                NewTopic(f"refused-{self.source}", PARTITIONS, 1),
                NewTopic(self.changelog, PARTITIONS, 1, topic_configs=compact),
            ],
        )
        await asyncio.sleep(0.5)

    async def recreate_source(self) -> None:
        await self._admin("delete_topics", [self.source])
        await asyncio.sleep(1)
        await self._admin("create_topics", [NewTopic(self.source, PARTITIONS, 1)])
        await asyncio.sleep(1)

    async def _admin(self, call: str, argument: Any) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker)
        await admin.start()
        try:
            await getattr(admin, call)(argument)
        finally:
            await admin.close()

    async def send(self, words: Iterable[tuple[int, bytes]], **producer: Any) -> None:
        """Send words, each to its partition."""
        async with AIOKafkaProducer(bootstrap_servers=self.broker, linger_ms=5, **producer) as sender:
            futures = []
            for partition, word in words:
                futures.append(await sender.send(self.source, word, partition=partition))
                self.sent.append((partition, word))
            await asyncio.gather(*futures)

    def expected(self) -> dict[tuple[int, bytes], int]:
        return {key: times for key, times in Counter(self.sent).items() if key[1]}

    async def published(self) -> dict[tuple[int, bytes], int]:
        """The newest count of each word."""
        counts: dict[tuple[int, bytes], int] = {}
        async for record in self.read(f"counts-{self.source}"):
            counts[record.partition, record.key] = int(record.value.split(b"@")[0])
        return counts

    async def read(self, topic: str) -> AsyncIterator[Any]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.broker, auto_offset_reset="earliest")
        await consumer.start()
        try:
            tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            ends = await consumer.end_offsets(tps)
            consumer.assign(tps)
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        yield record
        finally:
            await consumer.stop()

    async def until_counted(self, seconds: float = 60) -> None:
        """Return when the newest counts are those of everything sent; fail with both after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while await self.published() != self.expected():
            if asyncio.get_running_loop().time() > deadline:
                assert await self.published() == self.expected()
            await asyncio.sleep(0.3)


class ToyProcess:
    """A worker process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []
        self._ready = asyncio.Event()
        self._asleep = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(line.decode())
            if line.startswith(b"ready"):
                self._ready.set()
            if line.startswith(b"asleep"):
                self._asleep.set()

    async def ready(self) -> None:
        """Return after a recovery has ended; each call waits for one more."""
        await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
        self._ready.clear()

    async def asleep(self) -> None:
        """Return when a sleeper has come to its word."""
        await asyncio.wait_for(self._asleep.wait(), READY_SECONDS)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        code = await asyncio.wait_for(self.process.wait(), READY_SECONDS)
        await self._reading
        return code

    @property
    def last_words(self) -> str:
        return "".join(self.said)


@asynccontextmanager
async def toy_workers(words: Words) -> AsyncIterator[Any]:
    """Yield a function that starts a worker; all of them are ended at the end."""
    started: list[ToyProcess] = []

    async def start(*arguments: str) -> ToyProcess:
        command: Sequence[str] = ("-m", "tests.engine.toy_worker", words.broker, words.app_id, words.source, *arguments)
        worker = ToyProcess(
            await asyncio.create_subprocess_exec(
                sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
        )
        started.append(worker)
        return worker

    try:
        yield start
    finally:
        for worker in started:
            if worker.process.returncode is None:
                worker.process.kill()
            await worker.ended()
