"""One pipeline on the real broker: topics of its own, worker processes, and what its topics say."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from app.audit.report import Report
from app.auditing import audit_installation
from app.connection import producer_options
from app.demo.outcome import read_ledger, read_progress, read_totals, wait_until_counted
from app.settings import Settings
from app.topic_reader import read_to_end
from app.topics import admin, create
from app.topology import Topic, Topology, topology
from schemas.dead_letter import HEADER_PREFIX
from schemas.partial import Ledger
from tests.integration.waiting import SECONDS
from tests.integration.worker_process import WorkerProcess

SESSION: dict[str, Any] = {"session_timeout_seconds": 6, "heartbeat_seconds": 2}
"""So that a killed worker is missed soon."""

SETTLE_SECONDS = 2.0

Place = tuple[int, int]
"""Partition and offset of a source record."""

_number = count(1)


class RebuildProcess(WorkerProcess):
    """A `giftstream rebuild` process."""

    command = "rebuild"


class RepartitionProcess(WorkerProcess):
    """A `giftstream repartition` process."""

    command = "repartition"


class SlowRepartition(RepartitionProcess):
    """The same in small transactions."""

    entry = "tests.integration.small_transactions"


class Pipeline:
    """The topics and workers of one app id. `worker` starts a process; all are ended with the pipeline."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.workers: list[WorkerProcess] = []
        self._folder = folder

    @property
    def topics(self) -> Topology:
        return topology(self.settings)

    def start(self, *arguments: str, **changed: Any) -> WorkerProcess:
        """Start a worker, with some settings changed, and return at once."""
        settings = self.settings.model_copy(update=changed)
        worker = WorkerProcess(settings, self._folder / f"worker-{len(self.workers)}.log", *arguments)
        self.workers.append(worker)
        return worker

    async def worker(self, *arguments: str) -> WorkerProcess:
        """Start a worker and return it when it is ready."""
        return await self.start(*arguments).ready()

    def rebuild(self, replaces: "Pipeline", *arguments: str) -> RebuildProcess:
        """Start a rebuild into this generation in the place of that one."""
        log = self._folder / f"rebuild-{len(self.workers)}.log"
        process = RebuildProcess(self.settings, log, "--replaces", replaces.settings.app_id, *arguments)
        self.workers.append(process)
        return process

    def repartition(self, source: str, *arguments: str, slow: bool = False) -> RepartitionProcess:
        """Start a repartition of the topic `source` into this generation's log, in small transactions if it is slow."""
        log = self._folder / f"repartition-{len(self.workers)}.log"
        process = (SlowRepartition if slow else RepartitionProcess)(self.settings, log, "--from", source, *arguments)
        self.workers.append(process)
        return process

    def generation(self, suffix: str, **changed: Any) -> "Pipeline":
        """Return another generation over the same topics, with some settings changed; its processes end with ours."""
        app_id = f"{self.settings.app_id}-{suffix}"
        other = Pipeline(self.settings.model_copy(update={"app_id": app_id, **changed}), self._folder)
        other.workers = self.workers
        return other

    def end(self) -> None:
        """Leave no process behind."""
        for worker in self.workers:
            worker.end()

    @asynccontextmanager
    async def producer(self, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
        """Yield a producer of gifts, made as the settings say."""
        async with AIOKafkaProducer(**(producer_options(self.settings) | options)) as producer:
            yield producer

    async def send(self, gifts: Iterable[dict[str, Any]], **options: Any) -> list[Place]:
        """Send gifts keyed by their stream; return where they are."""
        async with self.producer(**options) as producer:
            topic = self.settings.source_topic
            acks = [await producer.send(topic, orjson.dumps(one), one["stream_id"].encode()) for one in gifts]
            return [(ack.partition, ack.offset) for ack in await asyncio.gather(*acks)]

    async def counted(self, seconds: float = SECONDS) -> None:
        """Return when everything on the source topic has been counted and published."""
        try:
            await asyncio.wait_for(wait_until_counted(self.settings, self._check_alive), seconds)
        except TimeoutError:
            said = self.workers[-1].said[-3000:]
            raise AssertionError(
                f"only {await read_progress(self.settings)} counted; the worker said\n{said}"
            ) from None

    async def position(self) -> int:
        """Return how many offsets have been counted and published, over all partitions."""
        return sum(one["position"] for one in (await read_progress(self.settings)).values())

    async def ledger(self) -> Ledger:
        return await read_ledger(self.settings)

    async def totals(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Return value and sends of each stream's whole broadcast, by (stream_id, unit)."""
        return await read_totals(self.settings)

    async def history(self, topic: str) -> dict[str, list[dict[str, Any] | None]]:
        """Return every value of each key of a topic, in order; None is a tombstone."""
        found: dict[str, list[dict[str, Any] | None]] = {}
        async for record in read_to_end(self.settings, [topic]):
            value = None if record.value is None else orjson.loads(record.value)
            found.setdefault(record.key.decode(), []).append(value)
        return found

    async def dead_letters(self) -> dict[Place, ConsumerRecord]:
        """Return the dead letters by the place of their source record. A kill may have written one twice."""
        found = {}
        async for record in read_to_end(self.settings, [self.topics.dead_letters.name]):
            told = headers(record)
            found[int(told["partition"]), int(told["offset"])] = record
        return found

    async def audit(self, *, state: bool = False) -> Report:
        """Recount the source topic and compare every published board, and the rows of state if asked."""
        return await audit_installation(self.settings, SETTLE_SECONDS, state=state)

    async def alter(self, topic: Topic, **configs: str) -> None:
        """Change settings of a topic and keep the others; `__` in a name stands for a dot."""
        changed = topic.configs | {name.replace("__", "."): value for name, value in configs.items()}
        async with admin(self.settings) as client:
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=changed)])

    def _check_alive(self) -> None:
        assert any(worker.runs for worker in self.workers), self.workers[-1].said[-3000:]


@asynccontextmanager
async def pipeline(bootstrap: str, **settings: Any) -> AsyncIterator[Pipeline]:
    """Yield a pipeline with topics of its own. Its workers are ended whatever happens."""
    name = f"it-{os.getpid()}-{next(_number)}"
    made = Settings(broker=bootstrap, app_id=name, topic_prefix=f"{name}.", **(SESSION | settings))
    await create(made)
    with tempfile.TemporaryDirectory(prefix=f"giftstream-{name}-") as folder:
        one = Pipeline(made, Path(folder))
        try:
            yield one
        finally:
            one.end()


def headers(letter: ConsumerRecord) -> dict[str, str]:
    """Return what a dead letter says of itself, without the prefix of the names."""
    return {name.removeprefix(HEADER_PREFIX): text.decode() for name, text in letter.headers}


def reasons(letters: Iterable[ConsumerRecord]) -> Sequence[str]:
    return [headers(letter)["reason"] for letter in letters]


def assert_exact(report: Report) -> None:
    """Fail with the first findings of an audit that is not exact."""
    assert report.findings[:5] == []
    assert report.checked > 0
