"""What a seed sets before a sequence begins: how often what happens, and how the engine is tuned."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Final
from unittest.mock import patch

from structlog.testing import capture_logs

from app.engine import clock, partition, producer, reader, takeover
from app.engine.partition import FlushOptions
from tests.faults.simulation.client import Consumer, Producer
from tests.faults.simulation.network import Weather

NANOSECONDS: Final = 1_000_000_000

NEVER: Final = 1e9
"""In seconds: longer than any sequence."""


@dataclass(frozen=True)
class Dials:
    """Drawn once a sequence. Likelihoods are per event sent."""

    events: int
    workers: int
    in_order: bool
    options: FlushOptions
    weather: Weather
    slice_records: int
    run_bytes: int
    renew_seconds: float
    kill: float
    crash: float
    pause: float
    rebalance: float
    leave: float
    clean: float
    jump: float

    @classmethod
    def drawn(cls, random: Random) -> "Dials":
        def seldom(most: float) -> float:
            return random.choice((0.0, most / 4, most))

        return cls(
            events=random.randint(10, 50),
            workers=random.randint(1, 3),
            in_order=random.random() < 0.5,
            options=FlushOptions(
                every_ms=random.choice((5, 50, 200)), behind_every_ms=random.choice((50, 300)), behind_ms=1_000
            ),
            weather=Weather(seldom(0.1), random.choice((0.002, 0.02, 0.2)), seldom(0.05)),
            slice_records=random.choice((1, 2, 16)),
            run_bytes=random.choice((300, 2_000, 4 * 1024 * 1024)),
            renew_seconds=random.choice((0.5, NEVER, NEVER)),
            kill=seldom(0.08),
            crash=seldom(0.2),
            pause=seldom(0.2),
            rebalance=seldom(0.1),
            leave=seldom(0.05),
            clean=seldom(0.2),
            jump=seldom(0.1),
        )


async def nothing_queued(_: Producer) -> dict[object, object]:
    """The simulated producer sends what it is given by itself."""
    return {}


@contextmanager
def engine(dials: Dials) -> Iterator[None]:
    """The engine's modules on simulated clients and the loop's clock, tuned so that little is much."""
    virtual = SimpleNamespace(
        monotonic=lambda: asyncio.get_running_loop().time(),
        time_ns=lambda: int(asyncio.get_running_loop().time() * NANOSECONDS),
    )
    with ExitStack() as stack:
        stack.enter_context(capture_logs())
        stack.enter_context(patch.object(producer, "AIOKafkaProducer", Producer))
        stack.enter_context(patch.object(producer, "send_queued", nothing_queued))
        stack.enter_context(patch.object(reader, "AIOKafkaConsumer", Consumer))
        stack.enter_context(patch.object(takeover, "time", virtual))
        stack.enter_context(patch.object(clock, "time", virtual))
        stack.enter_context(patch.object(takeover, "RENEW_SECONDS", dials.renew_seconds))
        stack.enter_context(patch.object(partition, "SLICE_RECORDS", dials.slice_records))
        stack.enter_context(patch.object(partition, "RUN_BYTES", dials.run_bytes))
        yield
