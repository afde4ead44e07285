"""The engine on a real broker: kills, second workers, a sleeper, aborted transactions, changed topics."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from app.engine.reader import LogReader
from tests.engine.kafka import Words, toy_workers
from tests.engine.toy_worker import PARTITIONS

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

VOCABULARY = [b"word-%d" % number for number in range(200)] + [b""]


def some_words(count: int, seed: int) -> list[tuple[int, bytes]]:
    draw = random.Random(seed)
    return [(draw.randrange(PARTITIONS), draw.choice(VOCABULARY)) for _ in range(count)]


@pytest_asyncio.fixture
async def words(broker: Any) -> AsyncIterator[Words]:
    topic = Words(broker.bootstrap)
    await topic.create()
    yield topic


async def test_counts_are_exact_after_a_kill_at_any_moment(words: Words) -> None:
    async with toy_workers(words) as start:
        worker = await start()
        await worker.ready()
        for seed in range(2):
            load = asyncio.create_task(words.send(some_words(20_000, seed)))
            await asyncio.sleep(random.Random(seed).uniform(0.1, 0.8))
            worker.signal(signal.SIGKILL)
            await load
            worker = await start()
            await worker.ready()
        await words.until_counted()


async def test_partitions_move_to_a_second_worker_and_back(words: Words) -> None:
    async with toy_workers(words) as start:
        first = await start()
        await first.ready()
        await words.send(some_words(5_000, 1))
        second = await start()
        await second.ready()
        await words.send(some_words(5_000, 2))
        await words.until_counted()
        second.signal(signal.SIGTERM)
        assert await second.ended() == 0
        await words.send(some_words(5_000, 3))
        await words.until_counted()


async def test_a_sleeper_is_refused_by_the_fence(words: Words) -> None:
    async with toy_workers(words) as start:
        sleeper = await start("sleeper")
        await sleeper.ready()
        await words.send([*some_words(30_000, 1), (0, b"sleep"), *some_words(30_000, 2)])
        await sleeper.asleep()
        other = await start()
        await other.ready()
        await words.until_counted()
        sleeper.signal(signal.SIGCONT)
        assert await sleeper.ended() == 3
        assert "Fenced" in sleeper.last_words
        await words.send(some_words(3_000, 3))
        await words.until_counted()


async def test_a_sleeper_ends_by_itself(words: Words) -> None:
    async with toy_workers(words) as start:
        sleeper = await start()
        await sleeper.ready()
        sleeper.signal(signal.SIGSTOP)
        await asyncio.sleep(5)
        sleeper.signal(signal.SIGCONT)
        assert await sleeper.ended() == 3
        assert "stood still" in sleeper.last_words


async def test_aborted_records_are_not_counted_and_are_no_gap(words: Words) -> None:
    async with AIOKafkaProducer(bootstrap_servers=words.broker, transactional_id=words.source) as producer:
        for number, word in enumerate([b"kept", b"aborted", b"kept", b"aborted"]):
            await producer.begin_transaction()
            await producer.send_and_wait(words.source, word, partition=0)
            await (producer.abort_transaction() if word == b"aborted" else producer.commit_transaction())
            assert number >= 0
    words.sent += [(0, b"kept"), (0, b"kept")]
    async with toy_workers(words) as start:
        worker = await start()
        await worker.ready()
        await words.until_counted()
        await words.send([(0, b"kept")])
        await words.until_counted()
        worker.signal(signal.SIGKILL)
        await worker.ended()
        await words.send([(0, b"kept")])
        await (await start()).ready()
        await words.until_counted()


async def test_a_recreated_source_is_refused(words: Words) -> None:
    async with toy_workers(words) as start:
        worker = await start()
        await worker.ready()
        await words.send(some_words(1_000, 1))
        await words.until_counted()
        worker.signal(signal.SIGTERM)
        await worker.ended()
        await words.recreate_source()
        refused = await start()
        assert await refused.ended() == 3
        assert "recreated" in refused.last_words


async def test_a_poisonous_record_stops_the_worker_and_commits_nothing(words: Words) -> None:
    async with toy_workers(words) as start:
        await words.send([(0, b"good"), (0, b"poison")])
        worker = await start()
        assert await worker.ended() == 3
        assert "--quarantine 0:1" in worker.last_words


async def test_a_partition_is_as_large_as_what_was_sent_to_it(words: Words) -> None:
    await words.send([(0, b"once"), *[(1, b"thrice")] * 3])
    sizes = await LogReader({"bootstrap_servers": words.broker}).sizes(words.source, range(PARTITIONS))
    assert sizes == {0: 1, 1: 3}


async def test_every_codec_is_read(words: Words) -> None:
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        await words.send([(0, codec.encode()), (1, b"x" * 5_000)], compression_type=codec)
    async with toy_workers(words) as start:
        await (await start()).ready()
        await words.until_counted()
