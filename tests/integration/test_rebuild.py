"""`giftstream rebuild`: the log counted anew beside running workers, then a switch. Exact before, during and after."""

import time
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from app.load.answer import Answer
from app.load.options import LoadOptions
from app.load.sender import make_producer, send
from app.load.simulation import Simulation
from app.rebuild.generation import hidden
from app.topics import admin, create_missing, delete, present
from schemas.replaced import NEVER_A_BOARD
from tests.builders import AT, STREAM, gift
from tests.integration.harness import Pipeline, RebuildProcess, assert_exact, pipeline, reasons
from tests.integration.test_takeover import assert_equals, under_load, until_more_is_counted
from tests.integration.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

HISTORY = LoadOptions(rate=400, streams=60, gifters=800, seconds=60, seed=11)


async def history(one: Pipeline, options: LoadOptions = HISTORY) -> Answer:
    """Send a load that ended some minutes ago, all at once."""
    start_ms = int((time.time() - 300) * 1000)
    producer = make_producer(one.settings.broker)
    await producer.start()
    try:
        simulation = Simulation(replace(options, start_ms=start_ms))
        return await send(simulation, producer, one.settings.source_topic)
    finally:
        await producer.stop()


async def switched(process: RebuildProcess) -> None:
    code = await process.ended()
    assert code == 0, process.said[-3000:]
    assert "switched" in process.said


async def until_said(process: RebuildProcess, words: str) -> None:
    async def is_so() -> bool:
        return words in process.said or not process.runs

    await until(is_so, f"the rebuild says {words!r}")
    assert words in process.said, process.said[-3000:]


async def public(one: Pipeline) -> dict[str, dict[str, list[Any]]]:
    """Return the history of every board's key, by topic."""
    found = {}
    for topic in (one.topics.totals, one.topics.gifters, one.topics.streams):
        found[topic.name] = await one.history(topic.name)
        found[topic.name].pop(NEVER_A_BOARD.decode(), None)
    return found


async def assert_exact_with_state(one: Pipeline) -> None:
    report = await one.audit(state=True)
    assert_exact(report)


async def is_gone(one: Pipeline) -> bool:
    """Tell whether no hidden topic is left."""
    names = hidden(one.settings)
    return not await present(one.settings, [names.totals, names.gifters, names.spikes, names.dead_letters])


async def test_beside_a_running_worker_under_load(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        worker, new = await old.worker(), old.generation("2")
        async with under_load(old) as answer:
            await until_more_is_counted(old)
            await switched(new.rebuild(old))
            assert await worker.ended() == 3
            again = old.start()
            assert await again.ended() == 3
            assert f"set GIFTSTREAM_APP_ID={new.settings.app_id}" in again.said
            await new.worker()
            await until_more_is_counted(new)
        await assert_equals(new, answer)
        await assert_exact_with_state(new)
        assert await is_gone(new)


async def test_the_same_log_and_rules_make_the_same_boards(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        worker, new = await old.worker(), old.generation("2")
        await history(old)
        await old.counted()
        assert_exact(await old.audit())
        await worker.stop()
        before = await public(old)
        process = new.rebuild(old, "--json")
        assert await process.ended() == 0
        for topic, keys in (await public(new)).items():
            assert keys.keys() == before[topic].keys()
            for key, values in before[topic].items():
                assert keys[key][len(values) :] in ([], [_final(values[-1])]), key
        lines = [orjson.loads(line) for line in process.said.splitlines() if line.startswith("{")]
        phases = [line for line in lines if "phase" in line]
        assert {one["phase"] for one in phases} == {"counting", "switched"}
        assert phases[-1]["app_id"] == new.settings.app_id


def _final(board: Any) -> dict[str, Any]:
    """Return the board as it is when it is over: the wall clock may end a quiet one at any time."""
    return dict(board) | {"is_final": True, "revision": board["revision"] + 1}


async def test_a_lost_changelog(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        worker, new = await old.worker(), old.generation("2")
        async with under_load(old) as answer:
            await until_more_is_counted(old)
            await worker.kill()
            await delete(old.settings, [old.topics.changelog.name])
            await switched(new.rebuild(old))
            await new.worker()
        await assert_equals(new, answer)
        await assert_exact_with_state(new)


async def test_killed_at_every_stage_it_goes_on(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        await old.worker()
        async with under_load(old) as answer:
            await until_more_is_counted(old)
            new = old.generation("2")
            for words in ("records counted", "caught up", "switching"):
                process = new.rebuild(old)
                await until_said(process, words)
                await process.kill()
            early = new.start()
            assert await early.ended() == 1
            assert "`giftstream rebuild` ends that" in early.said
            await switched(new.rebuild(old))
            await new.worker()
        await assert_equals(new, answer)
        await assert_exact_with_state(new)


async def test_another_horizon(broker: Any) -> None:
    """A gift of 200 s ago is within the old horizon, and not within the new one."""
    async with pipeline(broker.bootstrap) as old:
        worker = await old.worker()
        await old.send([gift(at=AT + 300_000), gift(at=AT + 100_000, region="DE")])
        await old.counted()
        new = old.generation("2", horizon_seconds=60)
        await switched(new.rebuild(old))
        assert (await values(new, "totals", STREAM))[-3:] == [10, None, 5]
        assert (await values(new, "streams", "global"))[-3:] == [10, None, 5]
        assert (await values(new, "streams", "region:DE"))[-2:] == [5, None], "nobody has given there"
        assert reasons((await new.dead_letters()).values()) == ["too_old"]

        await new.worker()
        await new.send([gift(at=AT + 310_000, region="DE")])
        await new.counted()
        await assert_exact_with_state(new)
        assert (await values(new, "streams", "global"))[-1] == 10
        assert (await values(new, "streams", "region:DE"))[-1] == 5
        assert await worker.ended() == 3


async def values(one: Pipeline, board: str, owner: str) -> list[int | None]:
    """Return every value of an owner's 1h board, in order; None is a tombstone."""
    history = await one.history(getattr(one.topics, board).name)
    [told] = [told for key, told in history.items() if key.startswith(f"{owner}|coin|1h|")]
    return [None if one is None else (one if board == "totals" else one["totals"])["value"] for one in told]


async def test_what_the_log_has_lost_stays_as_it_was(broker: Any) -> None:
    async with pipeline(broker.bootstrap, partitions=1) as old:
        worker, new = await old.worker(), old.generation("2")
        sent = await history(old, replace(HISTORY, partitions=1))
        await old.counted()
        assert_exact(await old.audit())
        await worker.stop()
        before = await public(old)
        await _delete_up_to(old, sent.sent // 2)
        await switched(new.rebuild(old))
        after = await public(new)
        for topic, keys in before.items():
            for key, values in keys.items():
                assert after[topic][key][-1] in (values[-1], _final(values[-1])), key
        await new.worker()
        await history(new, replace(HISTORY, partitions=1, seed=12))
        await new.counted()
        assert (await new.audit(state=True)).findings == []


async def _delete_up_to(one: Pipeline, offset: int) -> None:
    """Have the broker delete the source's records before an offset, as retention would."""
    client: AIOKafkaAdminClient
    async with admin(one.settings) as client:
        await client.delete_records({TopicPartition(one.settings.source_topic, 0): RecordsToDelete(offset)})


async def test_it_refuses_what_cannot_be(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as old:
        new, used = old.generation("2"), old.generation("3")
        await create_missing(used.settings, used.topics)
        await (await used.worker()).stop()
        for process, words in (
            (old.rebuild(old), "--replaces is GIFTSTREAM_APP_ID itself"),
            (new.rebuild(old.generation("never")), "Nothing was counted under app id"),
            (used.rebuild(old), "has a state already"),
            (old.generation("4", partitions=8).rebuild(old), "`giftstream repartition` copies it into a new log"),
            (old.generation("5", topic_prefix="elsewhere.").rebuild(old), "There is no topic elsewhere.gifts.v1"),
        ):
            assert await process.ended() == 2
            assert words in process.said
        assert await is_gone(new)
        await create_missing(used.settings, [hidden(used.settings).spikes])
        await switched(used.rebuild(old))
        assert await is_gone(used), "what was left over by a kill right behind the switch"
        await switched(new.rebuild(old))
        late = old.generation("6").rebuild(old)
        assert await late.ended() == 2
        assert f"Rebuild with --replaces {new.settings.app_id}" in late.said
