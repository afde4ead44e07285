"""The proxy of the bad network, between clients and a broker that are nothing but sockets."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Self

import pytest
import pytest_asyncio

from app.broker.config import HOST
from app.broker.probe import free_ports
from tests.faults.proxy import LENGTH, PRODUCE, Proxy, Weather

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

FETCH = 1
ALWAYS = 1.0


def frame(api: int, correlation: int, body: bytes = b"body") -> bytes:
    return struct.pack(">hhi", api, 7, correlation) + body


class Client:
    """A connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def of(cls, proxy: Proxy) -> Self:
        return cls(*await asyncio.open_connection(HOST, proxy.port))

    async def send(self, *frames: bytes) -> None:
        self._writer.write(b"".join(LENGTH.pack(len(one)) + one for one in frames))
        await self._writer.drain()

    async def answer(self) -> bytes:
        """Return the next answer, or nothing if the connection has ended."""
        try:
            (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


class FakeBroker:
    """Answers each request with its correlation id, and tells what came: whole requests, and the rest at the end."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[bytes] = asyncio.Queue()
        self.rests: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = bytearray()
        while some := await reader.read(65_536):
            received += some
            while len(received) >= LENGTH.size and len(received) >= (end := self._end(received)):
                request = bytes(received[LENGTH.size : end])
                del received[:end]
                self.requests.put_nowait(request)
                answer = request[4:8] + b"done"
                writer.write(LENGTH.pack(len(answer)) + answer)
        self.rests.put_nowait(bytes(received))
        writer.close()

    @staticmethod
    def _end(received: bytearray) -> int:
        return LENGTH.size + int(LENGTH.unpack_from(received)[0])


class Held:
    """A sleep that lasts until it is let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.over = asyncio.Event()
        self.seconds = 0.0

    async def sleep(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun.set()
        await self.over.wait()


@pytest_asyncio.fixture
async def broker() -> AsyncIterator[FakeBroker]:
    yield FakeBroker()


@asynccontextmanager
async def before(broker: FakeBroker, held: Held | None = None) -> AsyncIterator[Proxy]:
    """Yield a proxy before that broker."""
    port, target = free_ports(2)
    server = await asyncio.start_server(broker.serve, HOST, target)
    async with server, Proxy(port, target, Random(1), (held or Held()).sleep) as proxy:
        yield proxy


async def test_in_calm_weather_everything_passes_in_order(broker: FakeBroker) -> None:
    async with before(broker) as proxy:
        client = await Client.of(proxy)
        sent = [frame(PRODUCE, 1, b"x" * 1_000_000), frame(FETCH, 2, b""), frame(PRODUCE, 3)]
        await client.send(*sent)
        assert [await client.answer() for _ in sent] == [struct.pack(">i", number) + b"done" for number in (1, 2, 3)]
        assert [broker.requests.get_nowait() for _ in sent] == sent
        assert not proxy.injuries
        await client.close()


async def test_a_delay_holds_produce_requests_only(broker: FakeBroker) -> None:
    held = Held()
    async with before(broker, held) as proxy:
        proxy.weather = Weather(delayed=ALWAYS)
        producer, reader = await Client.of(proxy), await Client.of(proxy)
        await producer.send(frame(PRODUCE, 1))
        await held.begun.wait()
        await reader.send(frame(FETCH, 2))
        assert await reader.answer()
        assert broker.requests.get_nowait() == frame(FETCH, 2)
        assert broker.requests.empty()
        held.over.set()
        assert await producer.answer()
        assert held.seconds == proxy.weather.delay_seconds
        assert proxy.injuries == {"delayed": 1}
        await producer.close()
        await reader.close()


async def test_what_is_held_comes_to_the_broker_although_its_sender_is_gone(broker: FakeBroker) -> None:
    held = Held()
    async with before(broker, held) as proxy:
        proxy.weather = Weather(delayed=ALWAYS)
        client = await Client.of(proxy)
        await client.send(frame(PRODUCE, 1))
        await held.begun.wait()
        await client.close()
        held.over.set()
        assert await broker.requests.get() == frame(PRODUCE, 1)


async def test_a_cut_leaves_the_broker_half_of_a_request(broker: FakeBroker) -> None:
    async with before(broker) as proxy:
        proxy.weather = Weather(cut=ALWAYS)
        client = await Client.of(proxy)
        whole = frame(FETCH, 1, b"a request of some length")
        await client.send(whole)
        assert await client.answer() == b""
        assert await broker.rests.get() == LENGTH.pack(len(whole)) + whole[: len(whole) // 2]
        assert broker.requests.empty()
        assert proxy.injuries == {"cut": 1}
        await client.close()


@pytest.mark.parametrize(
    ("weather", "injured", "spared", "name"),
    [
        (Weather(ack_lost=ALWAYS), PRODUCE, FETCH, "ack_lost"),
        (Weather(answer_lost=ALWAYS), FETCH, PRODUCE, "answer_lost"),
    ],
)
async def test_a_lost_answer_is_that_of_a_request_that_came(
    broker: FakeBroker, weather: Weather, injured: int, spared: int, name: str
) -> None:
    async with before(broker) as proxy:
        proxy.weather = weather
        client = await Client.of(proxy)
        await client.send(frame(spared, 1), frame(injured, 2))
        assert await client.answer() == struct.pack(">i", 1) + b"done"
        assert await client.answer() == b""
        assert [broker.requests.get_nowait() for _ in range(2)] == [frame(spared, 1), frame(injured, 2)]
        assert proxy.injuries == {name: 1}
        await client.close()


async def test_without_a_broker_a_connection_ends_at_once() -> None:
    port, target = free_ports(2)
    async with Proxy(port, target, Random(1)) as proxy:
        client = await Client.of(proxy)
        assert await client.answer() == b""
        await client.close()


async def test_its_end_is_that_of_all_connections(broker: FakeBroker) -> None:
    async with before(broker) as proxy:
        client = await Client.of(proxy)
        await client.send(frame(FETCH, 1))
        assert await client.answer()
    assert await client.answer() == b""
    await client.close()
