"""Faust's recovery, replaced: fence, read through the fence, check, and fail if anything is wrong.

Faust's own reads through the consumer group's fetcher, logs exceptions and goes on (`_slurp_changelogs`), and reads the
worker's own writes back. Here a takeover raises, and an exception ends the worker.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, cast

from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode import Service

from app.engine.errors import SourceChanged
from app.engine.memory import give_back
from app.engine.source_check import WAY_OUT

SETTLED_SECONDS: Final = 2.0
"""After a takeover, until its clients are closed and what was fetched for positions of before is dropped."""


class Move:
    """The takeover that is under way, if there is one. From a revocation to the next assignment there is none."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._is_revoked = False

    async def run(self, takeover: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a takeover. If partitions are revoked it never returns: only the next rebalance goes on from there."""
        if self._is_revoked or not await self._is_done(takeover):
            await asyncio.Event().wait()

    async def _is_done(self, takeover: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Return True when it has ended, and False when it was aborted."""
        self._task = asyncio.create_task(takeover(), name="takeover")
        try:
            await self._task
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if this is None or this.cancelling():
                raise
            return False
        return True

    async def abort(self) -> None:
        """Partitions are revoked: from now on nobody may be fenced who is given them next."""
        self._is_revoked = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def permit(self) -> None:
        """Partitions are assigned."""
        self._is_revoked = False


class TakeoverRecovery(Recovery):
    """Runs the takeover of every state table after each rebalance."""

    @property
    def move(self) -> Move:
        return cast(Move, cast(Any, self.app).move)

    async def on_rebalance(self, *moved: Any, **generation: Any) -> None:
        """Partitions are assigned; the recovery follows."""
        self.move.permit()
        await super().on_rebalance(*moved, **generation)

    @Service.task
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):  # type: ignore[arg-type]
                return
            self.signal_recovery_start.clear()
            generation_id = self._generation_id
            try:
                self._set_recovery_started()
                await self._wait(self.move.run(self._take_over))
                await self._wait(self.on_recovery_completed(generation_id))
                asyncio.get_running_loop().call_later(SETTLED_SECONDS, give_back)
            except RebalanceAgain:
                continue
            except ServiceStopped:
                return

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Nothing arrives here: the takeover reads by itself."""

    async def _take_over(self) -> None:
        app = cast(Any, self.app)
        try:
            assigned = app.consumer.assignment()
            for table in app.state_tables():
                numbers = {tp.partition for tp in self.active_tps if tp.topic == table.changelog_topic_name}
                demand_source(table.source, numbers, assigned)
                await table.take_over(numbers)
            for replay in app.replays:
                owned = replay.tp in assigned
                await (replay.take_over() if owned else replay.give_up())
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            app.stop_worker(error)


def demand_source(source: str, numbers: set[int], assigned: set[TP]) -> None:
    """Raise SourceChanged if a changelog was assigned without its source: Faust leaves out what is gone."""
    if gone := numbers - {tp.partition for tp in assigned if tp.topic == source}:
        raise SourceChanged(
            f"{source} has no partitions {sorted(gone)} any more: the topic was deleted, or recreated with fewer; "
            f"{WAY_OUT}"
        )


class TakeoverTables(TableManager):
    """Table manager with that recovery (Faust's public `TableManager` setting)."""

    @property
    def recovery(self) -> TakeoverRecovery:
        if self._recovery is None:
            self._recovery = TakeoverRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast(TakeoverRecovery, self._recovery)
