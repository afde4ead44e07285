"""A state that was replaced: nobody goes on with it."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest
from faust.types import TP

from app.engine import retire as module
from app.engine.changelog import REPLACED_KEY
from app.engine.errors import Fenced, Replaced
from app.engine.replay import Replay
from app.engine.retire import TRIES, retire
from app.engine.rows import Row, Rows
from app.engine.runs import Run
from tests.engine.toy import Word


class Rivals:
    """Makes producers whose id is taken by others, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.rows: list[Row] = []
        self.fences: list[Any] = []
        self.open = 0

    def __call__(self, *arguments: Any) -> "Rivals":
        return self

    async def start(self) -> None:
        self.open += 1

    async def stop(self) -> None:
        self.open -= 1

    async def append(self, topic: str, partition: int, rows: Rows, now_ms: int) -> int:
        self.times -= 1
        if self.times >= 0:
            raise Fenced("another was faster")
        self.rows += rows
        return 0

    async def publish(self, outputs: Sequence[Any], now_ms: int) -> int:
        self.fences += outputs
        return 0


async def retired(rivals: Rivals) -> None:
    with patch.object(module, "FencedProducer", rivals):
        await retire("old-0", {}, ("old-changelog", 0), "new", ["fence"])  # type: ignore[list-item]


@pytest.mark.asyncio
async def test_the_row_comes_before_the_fences_and_a_rival_is_outlived() -> None:
    rivals = Rivals(2)
    await retired(rivals)
    assert (rivals.rows, rivals.fences, rivals.open) == ([(REPLACED_KEY, b"new")], ["fence"], 0)


@pytest.mark.asyncio
async def test_rivals_without_end_are_told_of() -> None:
    rivals = Rivals(TRIES)
    with pytest.raises(Fenced):
        await retired(rivals)
    assert (rivals.rows, rivals.fences, rivals.open) == ([], [], 0)


@pytest.mark.asyncio
async def test_of_two_successors_the_second_finds_the_first_before_it_writes() -> None:
    rivals = Rivals(1)

    async def agree() -> None:
        if rivals.times <= 0:
            raise Replaced("by another")

    with patch.object(module, "FencedProducer", rivals), pytest.raises(Replaced):
        await retire("old-merge", {}, ("old-partials", 0), "new", [], agree)
    assert (rivals.rows, rivals.open) == ([], 0)


@pytest.mark.asyncio
async def test_a_replay_ends_before_it_publishes_anything() -> None:
    applied: list[Any] = []

    class Seen:
        def apply(self, record: Any) -> None:
            applied.append(record)

    replay = Replay("partials", "boards", "old-merge", Seen, {})  # type: ignore[arg-type]
    replay._producer = object()  # type: ignore[assignment]
    records = [Word(0, b"w"), Word(1, b"new", key=REPLACED_KEY)]
    with pytest.raises(Replaced, match="set GIFTSTREAM_APP_ID=new"):
        await replay.fold(Run(TP("partials", 0), 0, 2, records, 2))
    assert applied == records[:1]
