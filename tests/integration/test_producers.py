"""Gifts as different producers send them: every codec, librdkafka's partitioner, transactions."""

import time
from collections.abc import Sequence
from typing import Any

import confluent_kafka
import pytest

from agents.domain.partitioner import partition_of
from tests.builders import as_json, gift
from tests.integration.harness import Pipeline, assert_exact, headers, pipeline
from tests.integration.waiting import until
from tests.integration.worker_process import WorkerProcess

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

CODECS = ("gzip", "snappy", "lz4", "zstd")
STREAMS = [f"tiktok:s{number}" for number in range(40)]


def gifts(streams: Sequence[str] = STREAMS) -> list[dict[str, Any]]:
    """One gift of 5 coins to each stream, now."""
    return [gift(stream=stream, at=int(time.time() * 1000)) for stream in streams]


def send_by_librdkafka(one: Pipeline, sent: Sequence[dict[str, Any]]) -> None:
    """Send with librdkafka and its default partitioner."""
    producer = confluent_kafka.Producer({"bootstrap.servers": one.settings.broker})
    for event in sent:
        producer.produce(one.settings.source_topic, as_json(event), event["stream_id"])
    assert producer.flush(30) == 0


async def test_every_codec_is_read(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as one:
        for codec in CODECS:
            await one.send(gifts(), compression_type=codec)
        await one.worker()
        await one.counted()
        assert await one.totals() == {(stream, "coin"): (20, 4) for stream in STREAMS}
        assert_exact(await one.audit())


async def test_gifts_by_another_partitioner_are_refused_and_the_fix_is_named(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as one:
        await one.worker()
        send_by_librdkafka(one, gifts())
        await one.counted()
        at_home = [s for s in STREAMS if partition_of("crc32", s.encode(), 4) == partition_of("murmur2", s.encode(), 4)]
        letters = (await one.dead_letters()).values()
        assert {letter.key.decode() for letter in letters} == set(STREAMS) - set(at_home)
        for told in map(headers, letters):
            assert told["reason"] == "wrong_partition"
            assert "crc32" in told["detail"]
            assert "GIFTSTREAM_PARTITIONER=crc32" in told["detail"]
        assert await one.totals() == {(stream, "coin"): (5, 1) for stream in at_home}
        assert_exact(await one.audit())


async def test_with_that_fix_they_are_all_counted(broker: Any) -> None:
    async with pipeline(broker.bootstrap, partitioner="crc32") as one:
        await one.worker()
        send_by_librdkafka(one, gifts())
        await one.send(gifts())
        await one.counted()
        assert await one.dead_letters() == {}
        assert await one.totals() == {(stream, "coin"): (10, 2) for stream in STREAMS}
        assert_exact(await one.audit())


async def test_aborted_gifts_are_not_counted_and_their_marks_are_no_gap(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as one:
        worker = await one.worker()
        async with one.producer(transactional_id=one.settings.app_id + "-producer") as producer:
            for end in ("commit", "abort", "commit", "abort"):
                await producer.begin_transaction()
                for event in gifts():
                    await producer.send(one.settings.source_topic, as_json(event), event["stream_id"].encode())
                await getattr(producer, f"{end}_transaction")()
        await until_each_has(one, 10, 2)
        await until_nothing_lies_ahead(worker)

        await worker.kill()
        await one.send(gifts())
        worker = await one.worker()
        await until_each_has(one, 15, 3)
        await until_nothing_lies_ahead(worker)
        assert_exact(await one.audit())


async def until_each_has(one: Pipeline, value: int, sends: int) -> None:
    async def has() -> bool:
        return await one.totals() == {(stream, "coin"): (value, sends) for stream in STREAMS}

    await until(has, f"each stream has {value} coins from {sends} gifts")


async def until_nothing_lies_ahead(worker: WorkerProcess) -> None:
    async def all_read() -> bool:
        lags = (await worker.metrics())["giftstream_consumer_lag_records"]
        return len(lags) == 4 and not any(lags.values())

    await until(all_read, "the lag of each partition is 0")
