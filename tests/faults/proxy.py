"""A bad network: a TCP proxy in front of a broker that delays produce requests, cuts connections and loses answers.

It knows of Kafka's protocol how requests and answers are framed, and which requests are to produce.
"""

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple, Self

from app.broker.config import HOST

PRODUCE: Final = 0
"""Its API key."""

LENGTH: Final = struct.Struct(">i")
REQUEST: Final = struct.Struct(">hhi")
CORRELATION: Final = struct.Struct(">i")


class Request(NamedTuple):
    """What every request of Kafka's begins with."""

    api: int
    version: int
    correlation: int

    @classmethod
    def of(cls, frame: bytes) -> Self:
        """Return the head of a frame (without its length)."""
        return cls(*REQUEST.unpack_from(frame))


@dataclass(frozen=True)
class Weather:
    """The chances of a request to be injured, each from 0 to 1.

    `delayed`: a produce request is held back for `delay_seconds`. `cut`: half of a request comes to the broker, then
    the connection ends. `ack_lost`: a produce request comes to the broker, its answer is swallowed and the connection
    ends. `answer_lost`: the same of any other request.
    """

    delayed: float = 0.0
    cut: float = 0.0
    ack_lost: float = 0.0
    answer_lost: float = 0.0
    delay_seconds: float = 2.0


CALM: Final = Weather()


class Proxy:
    """Listens on `port` of loopback for the broker on `target`. An async context manager.

    `weather` may be changed at any time; it is asked for each request as that comes. `injuries` counts what was done,
    by the names of the weather's chances. `random` decides, `sleep` delays.
    """

    def __init__(
        self, port: int, target: int, random: Random, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self.port = port
        self.weather = CALM
        self.injuries: Counter[str] = Counter()
        self.sleep = sleep
        self._target = target
        self._random = random
        self._links: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """What clients connect to."""
        return f"{HOST}:{self.port}"

    def happens(self, injury: str) -> bool:
        """Whether it is to be done to a request now."""
        chance: float = getattr(self.weather, injury)
        return chance > 0 and self._random.random() < chance

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        if self._links:
            await asyncio.wait(self._links)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._serve(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            broker_reader, broker_writer = await asyncio.open_connection(HOST, self._target)
            await _Link(self, reader, writer, broker_reader, broker_writer).carry()
        except OSError:
            pass  # there is no broker now
        finally:
            writer.transport.abort()


class _Link:
    """A client's connection, and the one to the broker that goes with it. They end together.

    Only a client that is gone leaves the broker's side open for as long as answers are due: Kafka drops the requests
    of a connection that has ended, and what a machine has sent before its power was cut does not come with an end.
    """

    def __init__(
        self,
        proxy: Proxy,
        client_reader: asyncio.StreamReader,
        client_writer: asyncio.StreamWriter,
        broker_reader: asyncio.StreamReader,
        broker_writer: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client_reader, self._client_writer = client_reader, client_writer
        self._broker_reader, self._broker_writer = broker_reader, broker_writer
        self._doomed: dict[int, str] = {}
        self._due: set[int] = set()
        self._all_answered = asyncio.Event()

    async def carry(self) -> None:
        """Carry requests and answers until one side ends, or a cut does."""
        both = [asyncio.create_task(self._requests()), asyncio.create_task(self._answers())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._broker_writer.close()  # what is on its way to the broker still comes there
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _requests(self) -> None:
        async for frame in _frames(self._client_reader):
            request = Request.of(frame)
            if self._proxy.happens("cut"):
                await self._cut(frame)
                return
            await self._injure(request)
            self._due.add(request.correlation)
            await _write(self._broker_writer, LENGTH.pack(len(frame)) + frame)
        while self._due:
            self._all_answered.clear()
            await self._all_answered.wait()

    async def _cut(self, frame: bytes) -> None:
        await _write(self._broker_writer, LENGTH.pack(len(frame)) + frame[: len(frame) // 2])
        self._proxy.injuries["cut"] += 1

    async def _injure(self, request: Request) -> None:
        is_produce = request.api == PRODUCE
        loss = "ack_lost" if is_produce else "answer_lost"
        if self._proxy.happens(loss):
            self._doomed[request.correlation] = loss
        if is_produce and self._proxy.happens("delayed"):
            await self._proxy.sleep(self._proxy.weather.delay_seconds)
            self._proxy.injuries["delayed"] += 1

    async def _answers(self) -> None:
        async for frame in _frames(self._broker_reader):
            (correlation,) = CORRELATION.unpack_from(frame)
            if loss := self._doomed.get(correlation):
                self._proxy.injuries[loss] += 1
                return
            with suppress(OSError):  # the client may be gone
                await _write(self._client_writer, LENGTH.pack(len(frame)) + frame)
            self._due.discard(correlation)
            self._all_answered.set()


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield what the length before it says, until the connection ends."""
    while True:
        try:
            (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            frame = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            return
        yield frame
