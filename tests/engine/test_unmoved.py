"""A partition that stays where it is keeps its memory in a rebalance, and its changelog is not read again.

Unless another worker has written to it meanwhile: then what is in memory is no longer the state.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from app.engine import takeover
from app.engine.changelog import FENCE_KEY
from app.engine.partition import FlushOptions
from app.engine.reader import LogReader
from app.engine.rows import Row, Rows
from app.engine.table import StateTable
from app.engine.takeover import Takeover
from tests.engine.fake_log import IDENTITY, run_of
from tests.engine.toy import Word, WordCounter


class Record(NamedTuple):
    partition: int
    offset: int
    key: bytes
    value: bytes | None


class Changelog:
    """The changelogs in memory, and how often each was read from its beginning."""

    def __init__(self) -> None:
        self.records: defaultdict[int, list[Record]] = defaultdict(list)
        self.reads: Counter[int] = Counter()

    def append(self, number: int, rows: Sequence[Row]) -> int:
        base = len(self.records[number])
        self.records[number] += [Record(number, base + at, *row) for at, row in enumerate(rows)]
        return base

    def reader(self, _: Mapping[str, Any]) -> "Reader":
        return Reader(self)

    def producer(self, transactional_id: str, *_: Any) -> "Producer":
        return Producer(self, transactional_id)


class Reader(LogReader):
    def __init__(self, changelog: Changelog) -> None:
        self._changelog = changelog

    async def end_offsets(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        return {number: len(self._changelog.records[number]) for number in partitions}

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        return 0, 1_000

    async def record_at(self, topic: str, partition: int, offset: int) -> Any:
        return WORDS[offset]

    async def _through(
        self, topic: str, through: Mapping[int, int]
    ) -> AsyncGenerator[tuple[int, Sequence[Record]], None]:
        for number, last in through.items():
            self._changelog.reads[number] += 1
            yield number, self._changelog.records[number][: last + 1]


class Producer:
    def __init__(self, changelog: Changelog, transactional_id: str) -> None:
        self.transactional_id = transactional_id
        self._changelog = changelog

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to disconnect from."""

    async def append(self, topic: str, partition: int, rows: Rows, now_ms: int) -> int:
        return self._changelog.append(partition, list(rows))

    async def publish(self, outputs: Sequence[Any], now_ms: int) -> None:
        """Nobody reads the counts here."""


class Table(StateTable):
    """A table without the Faust app behind it."""

    def __init__(self) -> None:
        self.configure(
            "words", WordCounter, Takeover("app", "changelog", IDENTITY, {}), options=FlushOptions(), stop=self._stop
        )

    def _stop(self, error: BaseException) -> Any:
        raise error

    def word(self, number: int, word: str) -> int:
        """Return how often a word was counted in a partition."""
        row = self.owned[number].partition.machine.families[0].get(word)
        return 0 if row is None else row.times

    async def count(self, number: int, upto: int) -> None:
        partition = self.owned[number].partition
        await partition.fold(run_of(WORDS[partition.position : upto]))


WORDS = [Word(offset, b"a") for offset in range(10)]


@pytest.fixture
def changelog(monkeypatch: pytest.MonkeyPatch) -> Changelog:
    changelog = Changelog()
    monkeypatch.setattr(takeover, "LogReader", changelog.reader)
    monkeypatch.setattr(takeover, "FencedProducer", changelog.producer)
    return changelog


@pytest.mark.asyncio
async def test_what_stays_is_not_read_again_and_what_comes_is_read_once(changelog: Changelog) -> None:
    table = Table()
    await table.take_over({0, 1})
    await table.count(0, 3)
    stayed = table.owned[0]
    for numbers in ({0}, {0, 2}, {0, 1, 2}):
        await table.freeze()
        await table.take_over(numbers)
    assert table.owned[0] is stayed
    assert changelog.reads == {0: 1, 1: 2, 2: 1}, "1 was given up and came back"
    await table.count(0, 5)
    assert table.word(0, "a") == 5
    await table.freeze()
    await table.close()


@pytest.mark.asyncio
async def test_what_another_has_written_to_meanwhile_is_read_again(changelog: Changelog) -> None:
    mine, others = Table(), Table()
    await mine.take_over({0, 1})
    await mine.count(0, 3)
    await mine.freeze()
    await others.take_over({0})
    await others.count(0, 5)
    await others.freeze()
    await others.close()
    await mine.take_over({0, 1})
    assert changelog.reads == {0: 3, 1: 1}, "by mine, by the other, and by mine again"
    assert mine.word(0, "a") == 5
    await mine.freeze()
    await mine.close()


@pytest.mark.asyncio
async def test_even_a_fence_row_is_a_sign_of_another_owner(changelog: Changelog) -> None:
    table = Table()
    await table.take_over({0})
    await table.freeze()
    changelog.append(0, [(FENCE_KEY, b"app-0")])
    await table.take_over({0})
    assert changelog.reads == {0: 2}
    await table.freeze()
    await table.close()
