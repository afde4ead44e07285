"""The embedded Apache Kafka, for real."""

import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from app.broker import BrokerDied, EmbeddedBroker, PortTaken
from app.broker.probe import is_free, serves

pytestmark = pytest.mark.broker


async def _write(broker: EmbeddedBroker, topic: str, *values: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def _read(broker: EmbeddedBroker, topic: str) -> list[bytes]:
    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await consumer.getone()).value for _ in range(end)]


@pytest.mark.asyncio
async def test_it_takes_topics_and_records_at_once(broker: EmbeddedBroker) -> None:
    topic = f"serves-{uuid.uuid4().hex}"
    await _write(broker, topic, b"one", b"two")
    assert await _read(broker, topic) == [b"one", b"two"]


@pytest.mark.asyncio
async def test_acknowledged_records_survive_a_kill() -> None:
    async with EmbeddedBroker() as own:
        await _write(own, "kept", b"one", b"two")
        address, first = own.bootstrap, own.pid
        own.kill()
        assert not serves(own.port)
        own.restart()
        assert own.bootstrap == address
        assert own.pid != first
        assert await _read(own, "kept") == [b"one", b"two"]


@pytest.mark.asyncio
async def test_a_directory_is_kept_and_used_again(tmp_path: Path) -> None:
    async with EmbeddedBroker(directory=tmp_path) as first:
        await _write(first, "kept", b"one")
    async with EmbeddedBroker(directory=tmp_path) as second:
        assert await _read(second, "kept") == [b"one"]


def test_two_run_side_by_side_and_leave_nothing_behind(broker: EmbeddedBroker) -> None:
    with EmbeddedBroker() as other:
        pid, directory = other.pid, other.directory
        assert other.bootstrap != broker.bootstrap
        assert serves(other.port)
        assert serves(broker.port)
    assert not psutil.pid_exists(pid)
    assert not directory.exists()
    assert serves(broker.port)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port} of 127\.0\.0\.1 is in use"):
            EmbeddedBroker(port).start()


def test_when_kafka_refuses_to_start_its_last_words_are_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\nnode.id=2\ncluster.id=other\n")
    with pytest.raises(BrokerDied, match="Stored node id 2 doesn't match"):
        EmbeddedBroker(directory=tmp_path).start()


PARENT = """
import signal
from app.broker import EmbeddedBroker
with EmbeddedBroker() as broker:
    print(broker.port, flush=True)
    signal.pause()
"""

if sys.platform == "linux":

    def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment)
        assert parent.stdout is not None
        with parent.stdout:
            port = int(parent.stdout.readline())
        assert serves(port)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 30
        while not is_free(port):
            assert time.monotonic() < deadline, "the broker outlived its parent"
