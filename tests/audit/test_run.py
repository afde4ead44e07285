"""A whole audit against a real broker: transactions, compression, null keys, an empty partition."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import msgspec
import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from msgspec.msgpack import encode

from app.audit.admission import SourceRecord
from app.audit.compare import Log
from app.audit.options import AuditOptions, Topics
from app.audit.read import AuditError, LogReader
from app.audit.report import Report
from app.audit.run import audit
from app.broker import EmbeddedBroker
from schemas.partial import Ledger, Progress
from tests.audit.small_log import NOON, Publisher, frame, gift
from tests.audit.small_state import COMMIT, small_log, small_rows, written

pytestmark = pytest.mark.broker
OPTIONS = AuditOptions(partitions=3, partitioner="any", settle_seconds=0.0)
KEY = b"tiktok:s"
NONE: Mapping[str, str] = {}


@pytest.fixture
def bootstrap(broker: EmbeddedBroker) -> str:
    return broker.bootstrap


@dataclass
class Pipeline:
    """A source log and the topics behind it, under a prefix of their own."""

    bootstrap: str
    options: AuditOptions

    @classmethod
    async def create(cls, bootstrap: str, name: str) -> "Pipeline":
        topics = Topics.named(f"{name}.", name)
        names = [topics.source, topics.totals, topics.gifters, topics.dead_letters]
        created = [NewTopic(n, 3, 1) for n in names] + [NewTopic(n, 1, 1) for n in (topics.streams, topics.partials)]
        await create_topics(bootstrap, created)
        return cls(bootstrap, replace(OPTIONS, topics=topics))

    async def give(self) -> None:
        """Write gifts to partitions 0 and 1: compressed, aborted, committed, and such as are no gifts."""
        source = self.options.topics.source
        async with producer(self.bootstrap, compression_type="gzip", linger_ms=100) as plain:
            for n in range(50):
                event = gift(f"a{n}", NOON + n * 1_000, sender_id=f"u{n % 7}", region="DE")
                await plain.send(source, orjson.dumps(event), KEY, partition=0)
            await plain.send_and_wait(source, None, KEY, partition=0)
            await plain.send_and_wait(source, b"nonsense", None, partition=0)
        async with producer(self.bootstrap, transactional_id=source) as transactional:
            async with transactional.transaction():
                await transactional.send(source, orjson.dumps(frame("b", 3)), KEY, partition=0)
            await transactional.begin_transaction()
            await transactional.send_and_wait(source, orjson.dumps(gift("never")), KEY, partition=0)
            event = gift("never", stream_id="tiktok:t")
            await transactional.send_and_wait(source, orjson.dumps(event), b"tiktok:t", partition=1)
            await transactional.abort_transaction()
        async with producer(self.bootstrap) as plain:
            event = gift("c", stream_id="tiktok:t")
            await plain.send_and_wait(source, orjson.dumps(event), b"tiktok:t", partition=1)

    async def read_back(self) -> dict[int, Log]:
        async with LogReader(self.bootstrap) as reader:
            records = [r async for r in reader.records(self.options.topics.source)]
        return {
            p: Log(0, [SourceRecord(r.offset, r.timestamp, r.key, r.value) for r in records if r.partition == p])
            for p in range(3)
        }

    async def publish(self) -> None:
        """Publish the boards of what is in the log, and then how far they reach."""
        logs = await self.read_back()
        published = Publisher(self.options).run(logs, [(0, 10), (0, 30)])
        async with producer(self.bootstrap) as out:
            for kind, keys in published.boards.items():
                topic = self.options.topics.boards[kind]
                for key, records in keys.items():
                    for record in records:
                        await out.send(topic, record.value, key.encode(), partition=record.partition)
            for partition in range(3):
                position = max((r.offset + 1 for r in logs[partition].records), default=0)
                told = msgspec.json.encode(Progress(partition, position, NOON, Ledger()))
                await out.send(self.options.topics.partials, told, str(partition).encode())
            await out.send(self.options.topics.partials, b"{}", b"0|global|coin|1m|0")

    async def send(self, topic: str, key: str, value: bytes | None, headers: Mapping[str, str] = NONE) -> None:
        async with producer(self.bootstrap) as out:
            pairs = [(f"giftstream.{name}", text.encode()) for name, text in headers.items()]
            await out.send_and_wait(topic, value, key.encode(), partition=0, headers=pairs)

    async def audit(self) -> Report:
        return await audit(self.bootstrap, self.options)


async def create_topics(bootstrap: str, topics: Sequence[NewTopic]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics(topics)
    await admin.close()


@asynccontextmanager
async def producer(bootstrap: str, **options: object) -> AsyncIterator[AIOKafkaProducer]:
    client = AIOKafkaProducer(bootstrap_servers=bootstrap, **options)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


def test_a_right_pipeline_is_exact(bootstrap: str) -> None:
    async def run() -> None:
        pipeline = await Pipeline.create(bootstrap, "right")
        await pipeline.give()
        await pipeline.publish()
        seen: list[tuple[int, int]] = []
        report = await audit(bootstrap, pipeline.options, lambda done, total: seen.append((done, total)))
        assert report.findings == []
        assert report.exit_code() == 0
        assert report.records.counted == 52
        assert report.records.dead_lettered == {"null_value": 1, "not_json": 1}
        assert report.positions[2] == 0
        assert seen[-1][0] == seen[-1][1] > 54

    asyncio.run(run())


def test_a_wrong_board_is_found(bootstrap: str) -> None:
    async def run() -> None:
        pipeline = await Pipeline.create(bootstrap, "wrong")
        await pipeline.give()
        await pipeline.publish()
        await pipeline.send(pipeline.options.topics.totals, "tiktok:s|coin|stream|0", None)
        report = await pipeline.audit()
        assert [(f.kind, f.topic, f.key) for f in report.findings] == [
            ("missing", "wrong.stream-totals.v1", "tiktok:s|coin|stream|0")
        ]

    asyncio.run(run())


def test_records_quarantined_by_the_operator_are_told_by_the_dead_letters(bootstrap: str) -> None:
    async def run() -> None:
        pipeline = await Pipeline.create(bootstrap, "quarantine")
        await pipeline.give()
        topic = pipeline.options.topics.dead_letters
        source = pipeline.options.topics.source
        letter = {"reason": "quarantined", "topic": source, "partition": "0", "offset": "3"}
        for headers in (letter, letter | {"reason": "not_json", "offset": "4"}, letter | {"topic": "x", "offset": "5"}):
            await pipeline.send(topic, "tiktok:s", b"{}", headers)
        report = await pipeline.audit()
        assert report.records.dead_lettered["quarantined"] == 1
        assert report.exit_code() == 1

    asyncio.run(run())


def test_rows_of_state_are_compared_if_they_are_asked_for(bootstrap: str) -> None:
    async def run() -> None:
        pipeline = await Pipeline.create(bootstrap, "state")
        topics = pipeline.options.topics
        asked = replace(pipeline.options, state=True)
        with pytest.raises(AuditError, match="there is no topic state-state-changelog"):
            await audit(bootstrap, asked)
        await create_topics(bootstrap, [NewTopic(topics.changelog, 3, 1)])
        async with producer(bootstrap) as out:
            for record in small_log().records:
                await out.send_and_wait(topics.source, record.value, KEY, partition=0)
            rows = small_rows()
            rows[COMMIT][5] = 3
            older = [("gtiktok:s|coin ana", [[1]]), ("gtiktok:s|coin zoe", [[1]])]
            for key, row in [*older, *rows.items(), ("gtiktok:s|coin zoe", None), ("\0fence", None)]:
                value = None if row is None else written(key, row)
                await out.send_and_wait(topics.changelog, value, key.encode(), partition=0)
        report = await audit(bootstrap, asked)
        assert (report.findings, report.checked_rows) == ([], 23)
        assert (await audit(bootstrap, pipeline.options)).state is None

    asyncio.run(run())


def test_rows_of_a_newer_version_can_not_be_audited(bootstrap: str) -> None:
    async def run() -> None:
        pipeline = await Pipeline.create(bootstrap, "newer")
        topic = pipeline.options.topics.changelog
        await create_topics(bootstrap, [NewTopic(topic, 3, 1)])
        await pipeline.send(topic, COMMIT, encode([99, 0]))
        with pytest.raises(AuditError, match="offset 0: format 99 is newer than 2"):
            await audit(bootstrap, replace(pipeline.options, state=True))

    asyncio.run(run())


def test_what_can_not_be_audited_is_said(bootstrap: str) -> None:
    async def run() -> None:
        with pytest.raises(AuditError, match=r"there is no topic gifts\.v1"):
            await audit(bootstrap, OPTIONS)
        pipeline = await Pipeline.create(bootstrap, "counts")
        with pytest.raises(AuditError, match="has 3 partitions, the settings say 4"):
            await audit(bootstrap, replace(pipeline.options, partitions=4))
        with pytest.raises(AuditError, match="no Kafka broker answers"):
            await audit("127.0.0.1:1", OPTIONS)

    asyncio.run(run())
