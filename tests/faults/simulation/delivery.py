"""What Faust's consumer and agents are to the engine: runs of what is assigned, in order, one agent a topic."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from faust.types import TP

from app.engine.runs import Run
from tests.faults.simulation.client import Host, as_read, asked

BUFFER: Final = 4
"""Runs that wait for an agent."""

Fold = Callable[[Run], Awaitable[None]]


class Delivery:
    """Fetches what is assigned from where it was told to go on, and hands it to the agents."""

    def __init__(self, host: Host, folds: Mapping[str, Fold], targets: Callable[[set[TP]], Mapping[TP, int]]) -> None:
        self._host = host
        self._targets = targets
        self._assigned: set[TP] = set()
        self._fetch: dict[TP, int] = {}
        self._covered: dict[TP, int] = {}
        self._flowing = False
        self._queues: dict[str, asyncio.Queue[Run]] = {topic: asyncio.Queue(BUFFER) for topic in folds}
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._agent(topic, fold)) for topic, fold in folds.items()]
        self._tasks.append(loop.create_task(self._fetch_forever()))

    def assignment(self) -> set[TP]:
        return self._assigned

    def assign(self, assigned: set[TP]) -> None:
        """Nothing of it is fetched before the flow is resumed."""
        self._assigned = assigned

    def stop_flow(self) -> None:
        """Partitions are about to be revoked: what waits for the agents is read again by whoever owns it then."""
        self._flowing = False
        for queue in self._queues.values():
            while not queue.empty():
                queue.get_nowait()

    async def perform_seek(self) -> None:
        """Go on where the state says. Runs that were fetched before may still come."""
        await asyncio.sleep(0)
        self._fetch = dict(self._targets(self._assigned))
        self._covered = dict(self._fetch)

    def resume_flow(self) -> None:
        self._flowing = True

    async def ends(self) -> Mapping[TP, tuple[int, int, int | None]]:
        """Where the last run ended, where the fetch is, and the end of the log."""
        await asyncio.sleep(0)
        found = {}
        for tp, begin in self._covered.items():
            if tp in self._assigned:
                found[tp] = begin, self._fetch[tp], self._host.broker.end(*tp)
        return found

    async def _agent(self, topic: str, fold: Fold) -> None:
        while True:
            await fold(await self._queues[topic].get())

    async def _fetch_forever(self) -> None:
        while True:
            await asyncio.sleep(0.005 * (1 + self._host.number(10)))
            for tp in sorted(self._fetch):
                if self._flowing and tp in self._assigned and self._fetch[tp] < self._host.broker.end(*tp):
                    await self._fetch_one(tp)

    async def _fetch_one(self, tp: TP) -> None:
        begin, limit, broker = self._fetch[tp], 1 + self._host.number(12), self._host.broker
        records, highwater = await asked(
            self._host, lambda: ([as_read(tp, kept) for kept in broker.records(*tp, begin, limit)], broker.end(*tp))
        )
        if not self._flowing or self._fetch.get(tp) != begin:
            return  # A seek came in between.
        if not records:
            self._fetch[tp] = highwater
        else:
            end = records[-1].offset + 1
            run = Run(tp, self._covered[tp], end, records, highwater)
            self._fetch[tp] = self._covered[tp] = end
            # Once in a while a run gets lost on its way through the buffers.
            if not self._host.chance(self._host.network.weather.loses / 4):
                await self._queues[tp.topic].put(run)
