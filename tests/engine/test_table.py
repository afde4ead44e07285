"""The table in rebalances that overtake each other."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from app.engine.observer import Observer
from app.engine.partition import FlushOptions, Partition
from app.engine.table import StateTable
from app.engine.takeover import Owner, Takeover
from tests.engine.fake_log import Broker, recover
from tests.engine.toy import WordCounter


class Table(StateTable):
    """A table without the Faust app behind it."""

    def __init__(self, takeover: "SlowTakeover") -> None:
        self.stopped: list[BaseException] = []
        self.configure("words", WordCounter, cast(Takeover, takeover), options=FlushOptions(), stop=self._stop)

    def _stop(self, error: BaseException) -> Any:
        self.stopped.append(error)


class Log:
    async def stop(self) -> None:
        """Nothing is connected."""


class SlowTakeover:
    """Recovers partitions when it is told to go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def unchanged(self, owners: Mapping[int, Owner]) -> set[int]:
        return set(owners)

    async def recover(self, table: StateTable, numbers: set[int]) -> dict[int, Owner]:
        await self.go_on.wait()
        return {number: Owner(_fresh(), cast(Any, Log())) for number in numbers}


def _fresh() -> Partition:
    return recover(Broker())[0]


@pytest.mark.asyncio
async def test_what_was_being_recovered_when_partitions_were_revoked_is_recovered_again() -> None:
    takeover = SlowTakeover()
    table = Table(takeover)
    recovering = asyncio.create_task(table.take_over({0, 1}))
    await asyncio.sleep(0)
    recovering.cancel()
    await asyncio.gather(recovering, return_exceptions=True)
    await table.freeze()
    assert table.owned == {}
    takeover.go_on.set()
    await table.take_over({1})
    assert (set(table.owned), set(table.live)) == ({1}, {1})
    await table.freeze()
    await table.close()
    assert table.stopped == []


@pytest.mark.asyncio
async def test_a_worker_that_is_stopped_while_partitions_are_revoked_freezes_them_once() -> None:
    takeover = SlowTakeover()
    takeover.go_on.set()
    table = Table(takeover)
    await table.take_over({0, 1})
    await asyncio.gather(table.freeze(), table.freeze())
    assert table.live == {}
    assert table.stopped == []


@pytest.mark.asyncio
async def test_a_takeover_waits_for_the_one_before_it_and_so_does_the_end() -> None:
    takeover = SlowTakeover()
    table = Table(takeover)
    steps = [asyncio.create_task(step) for step in (table.take_over({0}), table.freeze(), table.take_over({0, 1}))]
    await asyncio.sleep(0)
    ending = asyncio.create_task(table.close())
    takeover.go_on.set()
    await asyncio.gather(*steps)
    await ending
    assert table.owned == {}
    for task in table._flushers.values():
        task.remove_done_callback(table._flush_ended)
        task.cancel()


class Heard(Observer):
    """What the table says, and how many partitions are folding at that moment."""

    def __init__(self) -> None:
        self.table: StateTable | None = None
        self.events: list[tuple[str, int]] = []

    def revoking(self) -> None:
        self._note("revoking")

    def revoked(self, seconds: float) -> None:
        self._note("revoked")

    def recovered(self, seconds: float) -> None:
        self._note("recovered")

    def _note(self, event: str) -> None:
        assert self.table is not None
        self.events.append((event, len(self.table.live)))


@pytest.mark.asyncio
async def test_it_tells_before_partitions_stop_folding_and_after_all_of_them_fold() -> None:
    takeover, heard = SlowTakeover(), Heard()
    takeover.go_on.set()
    table = heard.table = Table(takeover)
    table.observer = heard
    await table.take_over({0, 1})
    await table.freeze()
    await table.take_over({1})
    await table.freeze()
    assert heard.events == [
        ("recovered", 2),
        ("revoking", 2),
        ("revoked", 0),
        ("recovered", 1),
        ("revoking", 1),
        ("revoked", 0),
    ]
    assert table.stopped == []
