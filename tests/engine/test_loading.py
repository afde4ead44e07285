"""A changelog is read back as compaction would leave it: of each key the newest row, and no other is looked at."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import NamedTuple

import pytest

from app.engine.changelog import FENCE_KEY, RowLoader
from app.engine.commit import COMMIT_KEY, FORMAT, Commit, commit_row
from app.engine.errors import FormatUnknown
from app.engine.reader import LogReader
from app.engine.row_form import encode_row
from app.engine.rows import STEP, Family
from tests.engine.toy import Count


class Record(NamedTuple):
    """A record of the changelog, as far as it is looked at."""

    partition: int
    key: bytes
    value: bytes | None


class Reader(LogReader):
    """Reads what it was given, one partition after the other."""

    def __init__(self, *records: Record) -> None:
        super().__init__({})
        self._records = sorted(records, key=lambda record: record.partition)

    async def _through(
        self, topic: str, through: Mapping[int, int]
    ) -> AsyncGenerator[tuple[int, Sequence[Record]], None]:
        for record in self._records:
            yield record.partition, [record]


def commit_at(position: int) -> bytes | None:
    return commit_row(Commit(FORMAT, position, position - 1, b"hash", 0, 2, "toy"))[1]


@pytest.mark.asyncio
async def test_of_each_key_the_newest_row_counts_and_each_partition_has_its_own() -> None:
    reader = Reader(
        Record(0, b"wa ", b"nobody can read this"),
        Record(1, b"wa ", encode_row(Count(7, 7))),
        Record(0, b"wb ", encode_row(Count(1, 1))),
        Record(0, b"wc ", b"nor this"),
        Record(0, COMMIT_KEY, b"nor this"),
        Record(1, COMMIT_KEY, commit_at(8)),
        Record(0, b"wa ", encode_row(Count(2, 2))),
        Record(0, b"wc ", None),
        Record(0, COMMIT_KEY, commit_at(3)),
        Record(0, FENCE_KEY, b"app-0"),
    )
    families: list[Family[Count]] = [Family("w", Count), Family("w", Count), Family("w", Count)]
    loaders = {number: RowLoader([family]) for number, family in enumerate(families)}
    await reader.load("changelog", loaders, {0: 10, 1: 2, 2: 0})
    assert [sorted(family) for family in families] == [
        [("a", "", Count(2, 2)), ("b", "", Count(1, 1))],
        [("a", "", Count(7, 7))],
        [],
    ]
    positions = [loader.commit and loader.commit.position for loader in loaders.values()]
    assert positions == [3, 8, None]


def test_rows_are_read_in_steps_between_which_others_may_run() -> None:
    family: Family[Count] = Family("w", Count)
    loader = RowLoader([family])
    row = encode_row(Count(1, 1))
    for group in (b"a", b"b"):
        loader.take((b"w%b %d" % (group, member), row) for member in range(STEP + 1))
    assert len(list(loader.finish())) == 2
    assert loader.rows == len(family) == 2 * (STEP + 1)


def test_a_group_of_which_only_tombstones_are_left_is_not_there() -> None:
    family: Family[Count] = Family("w", Count)
    RowLoader([family]).load([(b"wa one", encode_row(Count(1, 1))), (b"wa one", None), (b"wb two", None)])
    assert family.groups == {}


@pytest.mark.parametrize("key", [b"", b"z", "\u00fc 1".encode()])
def test_a_row_of_no_known_kind_is_refused(key: bytes) -> None:
    with pytest.raises(FormatUnknown, match="holds rows of kind"):
        RowLoader([Family("w", Count)]).load([(key, b"")])


@pytest.mark.parametrize("key", [b"w\xff a", b"wa \xff"])
def test_a_key_that_is_no_text_is_refused(key: bytes) -> None:
    with pytest.raises(FormatUnknown, match="cannot read"):
        RowLoader([Family("w", Count)]).load([(key, encode_row(Count(1, 1)))])
