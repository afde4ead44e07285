"""A load that goes on beside what a test does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.load.answer import Answer
from app.load.options import LoadOptions
from app.load.sender import make_producer, send
from app.load.simulation import Simulation
from tests.integration.harness import Pipeline


@asynccontextmanager
async def sending(one: Pipeline, options: LoadOptions) -> AsyncIterator[Answer]:
    """Send a load until the body ends. The answer is complete then."""
    simulation, stop = Simulation(options), asyncio.Event()
    producer = make_producer(one.settings.broker)
    await producer.start()
    task = asyncio.create_task(send(simulation, producer, one.settings.source_topic, stop))
    try:
        yield simulation.answer
    finally:
        stop.set()
        await task
        await producer.stop()
