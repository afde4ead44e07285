"""The merge agent: partials of all partitions in, global and regional boards out."""

from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from agents.domain.merge import Merge
from agents.domain.record import Record
from agents.news import Merged, News
from agents.output import Output
from schemas.partial import Partial, Progress
from schemas.replaced import NEVER_A_BOARD, is_replacement

if TYPE_CHECKING:
    from app.engine.app import EngineApp
    from app.engine.replay import Replay
    from app.engine.runs import Run


class _Revision(msgspec.Struct):
    """As much of a published board as the merge needs to remember."""

    revision: int


class _Published(Record, Protocol):
    """A record of the streams topic."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


_decode = msgspec.json.Decoder(Partial | Progress).decode
_published = msgspec.json.Decoder(_Revision).decode


class MergedBoards:
    """What the newest partial of each partition says, as boards. Replayed from the partials topic at each takeover."""

    def __init__(self, merge: Merge, topic: str, merged: Callable[[Merged], None]) -> None:
        """`merged` is told of what was published."""
        self._merge = merge
        self._topic = topic
        self._merged = merged
        self._news = News()
        self._on_the_way = Merged(0, 0, 0, 0, {})

    def fence(self) -> Output:
        """Return the tombstone of a board that there never is: no gift is from 1970."""
        return Output(self._topic, 0, NEVER_A_BOARD, None)

    def remember(self, record: _Published) -> None:
        """Take one record of the streams topic in: what an earlier owner published, be it a tombstone.

        A tombstone of a rebuild only takes back what an earlier generation said.
        """
        key = (record.key or b"").decode()
        if record.value is None and is_replacement(record.headers):
            self._merge.forget(key)
        else:
            self._merge.remember(key, None if record.value is None else _published(record.value).revision)

    def apply(self, record: Record) -> None:
        """Take one record of the partials topic in; a null value withdraws a partial."""
        key = (record.key or b"").decode()
        told = None if record.value is None else _decode(record.value)
        if isinstance(told, Progress):
            self._merge.progress(told)
            self._news.progress(told)
        else:
            self._merge.apply(key, told)
            self._news.partial(key, told)

    def changed(self, now_ms: int) -> list[Output]:
        """Return the boards that changed since the last call."""
        self._merge.finalise(now_ms)
        outputs = [Output(self._topic, 0, key.encode(), value) for key, value in self._merge.changed()]
        gone = sum(output.value is None for output in outputs)
        self._on_the_way = self._news.take(len(outputs) - gone, gone)
        return outputs

    def published(self) -> None:
        """What `changed` returned is acknowledged."""
        self._merged(self._on_the_way)


def merge_agent(app: "EngineApp", replay: "Replay") -> "Callable[[AsyncIterable[Run]], Awaitable[None]]":
    """Return the agent's function: each run of partials goes to the replay."""

    async def merge(runs: "AsyncIterable[Run]") -> None:
        async for run in runs:
            await app.fold_replayed(replay, run)

    return merge
