"""`giftstream repartition`: a log copied into one with other partitions, each record once, whatever dies."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete

from agents.domain.partitioner import partition_of
from app.audit.read import LogReader
from app.load.answer import Answer
from app.load.message import Send
from app.load.options import Faults, LoadOptions
from app.load.simulation import Simulation
from app.topics import admin, present
from tests.builders import STREAM, gift
from tests.integration.harness import Pipeline, RepartitionProcess, assert_exact, pipeline, reasons
from tests.integration.live_load import sending
from tests.integration.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

HISTORY_SECONDS: Final = 50
RATE: Final = 1_000
AT_ONCE: Final = 2_000
FAULTS: Final = Faults(too_old=0)
"""None too old: that is against the watermark of its partition, and what a partition begins with is not the same
in the copy. A record that a load refused, as the 28th, may come first there, where nothing is too old yet."""
TOO_OLD_MS: Final = 2 * LoadOptions().horizon_ms

Copy = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...], int]
"""Key, value, headers and append time of a record."""


def successor(old: Pipeline, partitions: int = 6) -> Pipeline:
    """Return the generation over a new log with so many partitions."""
    return old.generation("new", topic_prefix=f"{old.settings.app_id}-new.", partitions=partitions)


async def until_said(process: RepartitionProcess, words: str) -> None:
    async def is_so() -> bool:
        return words in process.said or not process.runs

    await until(is_so, f"the repartition says {words!r}")
    assert words in process.said, process.said[-3000:]


async def ended(process: RepartitionProcess) -> None:
    assert await process.ended() == 0, process.said[-3000:]


async def records(one: Pipeline) -> list[tuple[int, Copy]]:
    """Return what is committed in the source topic: each record with its partition."""
    async with LogReader(one.settings.broker) as reader:
        return [(told.partition, _copy(told)) async for told in reader.records(one.settings.source_topic)]


def _copy(record: Any) -> Copy:
    return record.key, record.value, tuple(record.headers), record.timestamp


def assert_copied(old: Iterable[tuple[int, Copy]], new: Iterable[tuple[int, Copy]], partitions: int) -> None:
    """Each record is there once, where its key belongs, behind the older ones of its key."""
    assert Counter(one for _, one in new) == Counter(one for _, one in old)
    assert _by_key(new) == _by_key(sorted(old, key=lambda one: (one[1][3], one[0])))
    for number, (key, *_) in new:
        assert not key or number == partition_of("murmur2", key, partitions)


def _by_key(told: Iterable[tuple[int, Copy]]) -> dict[bytes, list[Copy]]:
    """Return the records of each key in their order."""
    found: dict[bytes, list[Copy]] = {}
    for _, one in told:
        if one[0]:
            found.setdefault(one[0], []).append(one)
    return found


async def extended_while_on_air(one: Pipeline, partitions: int) -> Answer:
    """Send a load, half of it before the topic is given more partitions: streams lie in two of them."""
    options = LoadOptions(
        rate=RATE,
        streams=150,
        seconds=HISTORY_SECONDS,
        partitions=partitions,
        start_ms=int((time.time() - HISTORY_SECONDS) * 1000),
        faults=FAULTS,
    )
    simulation = Simulation(options)
    await _put(one, simulation, one.settings.partitions, HISTORY_SECONDS // 2)
    await _extend(one, partitions)
    await asyncio.sleep(1)
    await _put(one, simulation, partitions, HISTORY_SECONDS)
    return simulation.answer


async def _extend(one: Pipeline, partitions: int) -> None:
    async with admin(one.settings) as client:
        await client.create_partitions({one.settings.source_topic: NewPartitions(partitions)})


async def _put(one: Pipeline, simulation: Simulation, partitions: int, seconds: float) -> None:
    """Send what is due within so many seconds of the load, placed for so many partitions."""
    before_ms = simulation.options.start_ms + int(seconds * 1000)
    async with one.producer(max_batch_size=512 * 1024, max_request_size=1024 * 1024) as producer:
        while sends := [sent for _ in range(AT_ONCE) if (sent := simulation.next(before_ms))]:
            acks = [await _sent(producer, one.settings.source_topic, told, partitions) for told in sends]
            await asyncio.gather(*acks)


async def _sent(producer: Any, topic: str, told: Send, partitions: int) -> Any:
    number = partition_of("murmur2", told.key, partitions) if told.key else told.partition % partitions
    headers = [("sent", str(told.at_ms).encode())]
    return await producer.send(topic, told.value, told.key, partition=number, headers=headers)


def live(one: Pipeline, seed: int) -> AbstractAsyncContextManager[Answer]:
    """Send a load as it happens, until the body ends. The answer is complete then."""
    options = LoadOptions(
        rate=400,
        streams=100,
        seed=seed,
        seconds=3_600,
        partitions=one.settings.partitions,
        start_ms=int((time.time() - 10) * 1000),
        faults=FAULTS,
    )
    return sending(one, options)


async def assert_counts(one: Pipeline, *answers: Answer, duplicates: int = 0) -> None:
    """The new generation has counted what the loads meant, and a recount of its log and its state agrees."""
    await one.counted()
    ledger = await one.ledger()
    assert ledger.counted + ledger.unchanged == sum(one.counted + one.unchanged for one in answers)
    assert ledger.duplicates == sum(one.duplicates for one in answers) + duplicates
    assert ledger.dead_lettered == sum(one.dead_lettered for one in answers)
    totals = {key: total for one in answers for key, total in one.totals.items()}
    assert {key: list(total) for key, total in (await one.totals()).items() if key[0] != STREAM} == totals
    assert "wrong_partition" not in reasons((await one.dead_letters()).values())
    assert_exact(await one.audit(state=True))


async def test_streams_in_two_partitions_come_together_and_kills_neither_lose_nor_double(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        answer = await extended_while_on_air(old, 6)
        new, source = successor(old), old.settings.source_topic
        for _ in range(2):
            process = new.repartition(source, slow=True)
            await until_said(process, "records copied")
            await asyncio.sleep(1)
            await process.kill()
            assert "caught up" not in process.said
        early = new.start()
        assert await early.ended() == 1
        assert "let `giftstream repartition` catch up" in early.said
        await ended(new.repartition(source, "--until-silent", "0"))
        wide = old.generation("wide", partitions=6)
        assert_copied(await records(wide), await records(new), 6)
        await new.worker()
        await assert_counts(new, answer)


async def test_beside_live_producers_which_move_over(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        await old.worker()
        new = successor(old, 3)
        process = new.repartition(old.settings.source_topic, "--until-silent", "4", "--json")
        async with live(old, 1) as before:
            await until_said(process, '"caught_up"')
            await new.worker()
            await asyncio.sleep(3)
            now_ms = int(time.time() * 1000)
            both = [gift(at=now_ms) for _ in range(20)]
            await old.send([*both, gift(at=now_ms - TOO_OLD_MS)])
        async with live(new, 2) as after:
            await new.send(both)
            await ended(process)
        told = [orjson.loads(line) for line in process.said.splitlines() if line.startswith("{")]
        last = [one for one in told if "phase" in one][-1]
        assert (last["phase"], last["left"], last["copied"]) == ("ended", 0, before.sent + len(both) + 1)
        await new.counted()
        [total] = [total for key, total in (await new.totals()).items() if key[0] == STREAM]
        assert total == (sum(one["unit_value"] * one["quantity"] for one in both), sum(one["quantity"] for one in both))
        await _assert_after_the_move(new, before, after, len(both))


async def _assert_after_the_move(new: Pipeline, before: Answer, after: Answer, both: int) -> None:
    ledger = await new.ledger()
    counted = before.counted + before.unchanged + after.counted + after.unchanged
    assert ledger.counted + ledger.unchanged == counted + both
    assert ledger.duplicates == before.duplicates + after.duplicates + both
    assert ledger.dead_lettered == before.dead_lettered + after.dead_lettered + 1
    assert "too_old" in reasons((await new.dead_letters()).values())
    totals = {key: list(total) for key, total in (await new.totals()).items() if key[0] != STREAM}
    assert totals == before.totals | after.totals
    assert_exact(await new.audit(state=True))


async def test_a_second_copier_fences_the_first(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        new, source = successor(old), old.settings.source_topic
        async with live(old, 1):
            first = new.repartition(source)
            await until_said(first, "caught up")
            second = new.repartition(source)
            assert await first.ended() == 3, first.said[-3000:]
            assert "has taken over" in first.said
            assert "Traceback" not in first.said
            await until_said(second, "caught up")
            assert await second.stop() == 0
            assert "it goes on" in second.said
        await ended(new.repartition(source, "--until-silent", "0"))
        copies = [[(number, one[:3]) for number, one in await records(each)] for each in (old, new)]
        assert Counter(one for _, one in copies[1]) == Counter(one for _, one in copies[0])


async def test_more_partitions_of_the_old_log_end_it_and_the_next_run_copies_them(broker: Any) -> None:
    async with pipeline(broker.bootstrap, partitions=1) as old:
        await old.send(gift() for _ in range(10))
        new = successor(old, 3)
        process = new.repartition(old.settings.source_topic)
        await until_said(process, "caught up")
        await _extend(old, 4)
        assert await process.ended() == 3
        assert "has 4 partitions now, it had 1. Run it again" in process.said
        wide = old.generation("wide", partitions=4)
        await wide.send(gift(stream=f"tiktok:{number}") for number in range(30))
        await ended(new.repartition(old.settings.source_topic, "--until-silent", "0"))
        assert len(await records(new)) == len(await records(wide)) == 40


async def test_the_new_log_keeps_what_the_old_one_keeps(broker: Any) -> None:
    async with pipeline(broker.bootstrap, partitions=2) as old:
        await old.alter(
            old.topics.gifts, retention__ms="3600000", max__message__bytes="2000000", retention__bytes="4000000"
        )
        async with old.producer(max_request_size=2_000_000) as producer:
            odd = [(None, None), (b"", b"x"), (b"k", None), (None, b"{}"), (STREAM.encode(), b"x" * 1_500_000)]
            for key, value in odd[1:]:
                await producer.send_and_wait(
                    old.settings.source_topic, value, key, headers=[("h", b"\x00"), ("h", None)]
                )
            empty = producer.create_batch()
            empty.append(timestamp=None, key=None, value=None)
            await (await producer.send_batch(empty, old.settings.source_topic, partition=1))
        await old.send(gift() for _ in range(10))
        await _with_an_aborted_transaction(old)
        lost = await _lose_the_first_record(old)
        new = successor(old, 1)
        process = new.repartition(old.settings.source_topic, "--until-silent", "0")
        await ended(process)
        assert f"has lost its beginning to retention; it begins at {lost}:1" in process.said
        assert_copied(await records(old), await records(new), 1)
        configs = (await present(new.settings, [new.topics.gifts]))[new.settings.source_topic].configs
        assert configs["message.timestamp.type"] == "LogAppendTime"
        assert int(configs["message.timestamp.after.max.ms"]) < 2**63 - 1
        kept = [configs[name] for name in ("retention.ms", "retention.bytes", "max.message.bytes")]
        assert kept == ["3600000", "8000000", "2000000"]


async def _with_an_aborted_transaction(one: Pipeline) -> None:
    options = {"transactional_id": f"{one.settings.app_id}-other"}
    async with one.producer(**options) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(one.settings.source_topic, b"never", b"never")
        await producer.abort_transaction()


async def _lose_the_first_record(one: Pipeline) -> int:
    """Have the broker delete the first record of a partition, as retention would; return the partition."""
    topic, number = one.settings.source_topic, partition_of("murmur2", STREAM.encode(), one.settings.partitions)
    client: AIOKafkaAdminClient
    async with admin(one.settings) as client:
        await client.delete_records({TopicPartition(topic, number): RecordsToDelete(1)})
    return number


async def test_it_refuses_what_cannot_be(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        await old.send(gift() for _ in range(10))
        await (await old.worker()).stop()
        source, new = old.settings.source_topic, successor(old)
        other = old.generation("other", topic_prefix=f"{old.settings.app_id}-other.")
        for process, words in (
            (old.generation("2").repartition(source), "--from is the new topic itself"),
            (new.repartition("nowhere"), "There is no topic nowhere"),
            (successor(old).generation("any", partitioner="any").repartition(source), "nothing says where a stream"),
            (other.generation("x", app_id=old.settings.app_id).repartition(source), "has counted another log"),
        ):
            assert await process.ended() == 2
            assert words in process.said
        assert not await present(new.settings, [*new.topics, *other.topics])

        await ended(new.repartition(source, "--until-silent", "0"))
        for process, words in (
            (new.generation("2").repartition(source), "holds records that no repartition has put there"),
            (new.generation("", app_id=new.settings.app_id, partitions=7).repartition(source), "has 6 partitions"),
            (other.generation("", app_id=new.settings.app_id).repartition(source), "is for the copy of"),
            (new.repartition(other.settings.source_topic), f"There is no topic {other.settings.source_topic}"),
        ):
            assert await process.ended() == 2
            assert words in process.said
        assert not await present(new.settings, other.topics)
