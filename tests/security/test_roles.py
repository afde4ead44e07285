"""Roles on a Kafka that demands a login or a certificate: each has exactly the rights of docs/security.md."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ClusterAuthorizationFailedError, TopicAuthorizationFailedError

from app.access import Role, grants
from app.connection import client_options, producer_options
from app.errors import Finding, UsageError
from app.settings import PREFIX, Settings
from app.topic_reader import read_to_end
from app.topics import admin, check, create
from tests.builders import gift
from tests.integration.harness import SESSION, Pipeline, assert_exact
from tests.integration.worker_process import WorkerProcess
from tests.security.locked_broker import PASSWORDS, LockedBroker

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("farewell")]

GIFTS = 40
_number = count(1)


def names() -> dict[str, Any]:
    """Return the settings of an installation of its own."""
    name = f"locked-{os.getpid()}-{next(_number)}"
    return {"app_id": name, "topic_prefix": f"{name}.", "partitions": 2, **SESSION}


def administrator(locked: LockedBroker, installation: dict[str, Any]) -> Settings:
    return Settings(broker=locked.embedded.bootstrap, **installation)


async def user(locked: LockedBroker, installation: dict[str, Any], role: Role, *, by_tls: bool = False) -> Settings:
    """Return the settings of a user who has the rights of one role, and no other."""
    name = f"{role}-of-{installation['app_id']}" if by_tls else role
    settings = Settings(**(locked.certificate(name) if by_tls else locked.login(role)), **installation)
    await locked.grant(name, grants(role, settings))
    return settings


def gifts(number: int) -> list[dict[str, Any]]:
    now = int(time.time() * 1000)
    return [gift(stream=f"tiktok:s{n % 5}", sender=f"u{n % 7}", value=n + 1, at=now) for n in range(number)]


def secrets(folder: Path, role: str) -> dict[str, str]:
    """Return the environment that names a mounted directory with the role's password."""
    (folder / "giftstream_sasl_password").write_text(PASSWORDS[role] + "\n")
    return {f"{PREFIX}SECRETS_DIR": str(folder)}


@asynccontextmanager
async def working(settings: Settings, log: Path, environment: dict[str, str]) -> AsyncIterator[WorkerProcess]:
    """Yield a worker that is ready; leave no process behind."""
    worker = WorkerProcess(settings, log, environment=environment)
    try:
        yield await worker.ready()
    finally:
        worker.end()


async def watching_lag(watcher: Settings) -> None:
    """See what the group has committed, and read nothing."""
    async with admin(watcher) as client:
        committed = await client.list_consumer_group_offsets(watcher.app_id)
    assert sum(at.offset for at in committed.values()) == 2 * GIFTS
    with pytest.raises(TopicAuthorizationFailedError):
        [record async for record in read_to_end(watcher, [watcher.source_topic])]


@pytest.mark.parametrize("by_tls", [False, True], ids=["by SCRAM-SHA-512", "by certificate"])
async def test_a_worker_with_its_rights_alone_counts_publishes_and_recovers(
    locked: LockedBroker, tmp_path: Path, by_tls: bool
) -> None:
    own = names()
    await create(administrator(locked, own))
    worker, producer, auditor = [
        await user(locked, own, role, by_tls=by_tls) for role in ("worker", "producer", "auditor")
    ]
    environment = {} if by_tls else secrets(tmp_path, "worker")
    sending, watching = Pipeline(producer, tmp_path), Pipeline(auditor, tmp_path)

    async with working(worker, tmp_path / "first.log", environment) as first:
        watching.workers.append(first)
        await sending.send(gifts(GIFTS))
        await watching.counted()
        await first.kill()
    async with working(worker, tmp_path / "second.log", environment) as second:
        watching.workers.append(second)
        await sending.send(gifts(GIFTS))
        await watching.counted()
        assert_exact(await watching.audit(state=True))
        assert sum(sends for _, sends in (await watching.totals()).values()) == 2 * GIFTS
        told = [await second.body(path) for path in ("metrics", "readyz", "livez")]
        assert await second.stop() == 0
    said = [first.said, second.said, *told]
    await watching_lag(await user(locked, own, "watcher", by_tls=by_tls))
    assert not any(secret in text for text in said for secret in PASSWORDS.values())
    assert not any("Authorization" in text for text in said)


async def test_a_reader_sees_the_boards_and_nothing_else(locked: LockedBroker) -> None:
    own = names()
    plain = Pipeline(administrator(locked, own), Path())
    await create(plain.settings)
    reader = await user(locked, own, "reader")
    boards = (plain.topics.totals, plain.topics.gifters, plain.topics.streams, plain.topics.spikes)
    for topic in plain.topics:
        if topic in boards:
            assert [record async for record in read_to_end(reader, [topic.name])] == []
        else:
            with pytest.raises(UsageError, match="or none that this user may see"):
                [record async for record in read_to_end(reader, [topic.name])]
    async with AIOKafkaProducer(**client_options(reader)) as producer:
        for topic in plain.topics:
            with pytest.raises(TopicAuthorizationFailedError):
                await asyncio.wait_for(producer.send_and_wait(topic.name, b"{}", b"key"), 20)
    # Who may write to no topic at all gets no producer id either, and so can fence nobody.
    idempotent = AIOKafkaProducer(**producer_options(reader))
    with pytest.raises(ClusterAuthorizationFailedError):
        await idempotent.start()
    await idempotent.stop()


async def test_an_operator_creates_and_checks_topics(locked: LockedBroker) -> None:
    operator = await user(locked, names(), "operator")
    assert len(await create(operator)) == 8
    assert await check(operator) == []


async def test_who_has_no_rights_can_not_create_topics(locked: LockedBroker) -> None:
    with pytest.raises(Finding, match="refuses to create"):
        await create(Settings(**locked.login("nobody"), **names()))
