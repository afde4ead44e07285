"""Counting the log anew: the worker's own engine, until everything up to an end of the log is durable and published."""

import asyncio
from collections.abc import Mapping
from typing import Final

from agents.domain.fold import PROGRESS
from agents.gifts import GiftMachine
from app.engine.app import EngineApp
from app.engine.partition import Partition
from app.engine.reader import LogReader
from app.rebuild.progress import Pace, Tell

POLL_SECONDS: Final = 0.1

SHORT_SECONDS: Final = 5.0
"""It has caught up when what came in the meantime took less than this to count."""


class Counting:
    """Looks after a running app. `ends` reads the log's; the others wait."""

    def __init__(
        self, app: EngineApp, reader: LogReader, partitions: int, starts: Mapping[int, int], tell: Tell
    ) -> None:
        self._table = next(iter(app.state_tables()))
        self._reader = reader
        self._partitions = range(partitions)
        self._pace = Pace(starts)
        self._tell = tell

    async def ends(self) -> dict[int, int]:
        """Return where the log of each partition ends now."""
        return await self._reader.end_offsets(self._table.source, self._partitions)

    async def catch_up(self) -> None:
        """Return when hardly more than what came just now is left to count."""
        clock, begun, took = asyncio.get_running_loop().time, 0.0, SHORT_SECONDS
        while took >= SHORT_SECONDS:
            begun = clock()
            await self.published_to(await self.ends())
            took = clock() - begun

    async def published_to(self, ends: Mapping[int, int]) -> None:
        """Return when all that lies before `ends` is counted, and all changes by it are durable and published."""
        while any(self._settled(number) < end for number, end in ends.items()):
            live = self._table.live
            if told := self._pace.due({number: one.position for number, one in live.items()}, ends):
                self._tell(told)
            await asyncio.sleep(POLL_SECONDS)

    def began_at(self) -> dict[int, int]:
        """Return the offset of each partition before which the log had lost what it held; 0: nothing is lost."""
        return {number: _lost_until(partition) for number, partition in self._table.live.items()}

    def _settled(self, number: int) -> int:
        partition = self._table.live.get(number)
        return -1 if partition is None else min(partition.committed, partition.machine.mark())


def _lost_until(partition: Partition) -> int:
    machine = partition.machine
    assert isinstance(machine, GiftMachine)
    row = machine.tables["progress"].get(PROGRESS)
    return max((gap.end for gap in row.gaps if gap.begin == 0), default=0) if row is not None else 0
