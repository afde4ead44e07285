"""Batches that are read whole give what aiokafka gives record by record: the same records, and the same position."""

import asyncio
import gc
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, Final

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, FetchError, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException, KafkaError
from aiokafka.record.default_records import DefaultRecord, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.batches import WORTH_IT, Fetched, read_whole_batches
from app.engine.packed import HEADER_BYTES

TP: Final = TopicPartition("words", 0)
CODECS = NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CRC, ATTRIBUTES, LAST_DELTA = 17, 21, 23
"""Where these lie in a batch (https://kafka.apache.org/documentation/#recordbatch)."""

CODEC: Final = 0x07
APPEND_TIME: Final = 0x08
TRANSACTIONAL: Final = 0x10
CONTROL: Final = 0x20
ABORT: Final = b"\x00\x00\x00\x00"
COMMIT: Final = b"\x00\x00\x00\x01"

Seen = tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]


def batch(
    base: int,
    deltas: Sequence[int],
    *,
    producer: int = -1,
    flags: int = 0,
    key: bytes | None = None,
    gone: int = 0,
    codec: int = ZSTD,
    late_ms: int = 0,
) -> bytes:
    """Return a batch with records at these distances from `base`; after the last, so many were compacted away.

    Each is younger than the one before by `late_ms`.
    """
    built = DefaultRecordBatchBuilder(2, NONE if flags & CONTROL else codec, 0, producer, 0, 0, 1 << 20)
    for number, delta in enumerate(deltas):
        headers = [("place", b"%d" % delta), ("größer", b"")] if delta % 2 else []
        at_ms = 1_000 + base + number * late_ms
        value = None if delta % 7 == 6 else b"v" * (delta % 50)
        built.append(delta, timestamp=at_ms, key=key or b"%d" % delta, value=value, headers=headers)
    return mended(bytearray(built.build()), base, deltas[-1] + gone, flags)


def mended(raw: bytearray, base: int, last_delta: int, flags: int = 0) -> bytes:
    """Return the batch at another offset and with more flags, with the checksum that this takes."""
    struct.pack_into(">q", raw, 0, base)
    struct.pack_into(">h", raw, ATTRIBUTES, struct.unpack_from(">h", raw, ATTRIBUTES)[0] | flags)
    struct.pack_into(">i", raw, LAST_DELTA, last_delta)
    struct.pack_into(">I", raw, CRC, calc_crc32c(raw[ATTRIBUTES:]))
    return bytes(raw)


def control(base: int, producer: int, marker: bytes) -> bytes:
    return batch(base, [0], producer=producer, flags=TRANSACTIONAL | CONTROL, key=marker)


class Consumer:
    """A consumer whose fetcher has just been answered."""

    def __init__(
        self, raw: bytes, *, begin: int = 0, level: int = READ_COMMITTED, aborted: Any = (), parser: Any = Fetched
    ) -> None:
        self.state = SimpleNamespace(position=begin, paused=False)
        self.state.consumed_to = lambda position: setattr(self.state, "position", position)
        assignment = SimpleNamespace(active=True, state_value=lambda tp: self.state)
        parsed = PartitionRecords(TP, parser(raw), aborted, begin, None, None, True, level)
        result = FetchResult(TP, assignment=assignment, partition_records=parsed, backoff=0)
        self._fetcher = SimpleNamespace(_records={}, _proc_fetch_request=self._answer)
        self._result = result

    async def _answer(self, *request: Any) -> bool:
        self._fetcher._records[TP] = self._result
        return True

    async def fetched(self) -> FetchResult:
        assert await self._fetcher._proc_fetch_request(None, 1, None)
        found: FetchResult = self._fetcher._records[TP]
        return found


def seen(records: Sequence[Any]) -> list[Seen]:
    return [(each.offset, each.timestamp, each.key, each.value, tuple(each.headers)) for each in records]


async def read(consumer: Consumer, most: int | None) -> tuple[list[Seen], int]:
    """Return all records, taken so many at once, and the position at the end."""
    result = await consumer.fetched()
    records: list[Any] = []
    while result.has_more():
        slice_ = result.getall(most)
        assert most is None or len(slice_) <= most
        assert not slice_ or consumer.state.position > slice_[-1].offset
        records += slice_
    return seen(records), consumer.state.position


async def both(make: Callable[[], Consumer], most: int | None) -> list[Seen]:
    """Read record by record and by whole batches; return what both gave."""
    whole = make()
    read_whole_batches(whole)
    found = await read(whole, most)
    assert found == await read(make(), most)
    return found[0]


LOG: Final = (
    batch(0, [0, 1, 2, 3]),
    batch(4, [0, 2, 5], gone=3),
    batch(13, [0, 1], producer=7, flags=TRANSACTIONAL),
    batch(15, [0], producer=8, flags=TRANSACTIONAL),
    control(16, 7, ABORT),
    batch(17, [0, 1], producer=7, flags=TRANSACTIONAL),
    control(19, 7, COMMIT),
    control(20, 8, COMMIT),
    batch(21, [0, 1, 2], producer=9),
)
ABORTED: Final = [(7, 13)]
READABLE: Final = [0, 1, 2, 3, 4, 6, 9, 15, 17, 18, 21, 22, 23]


@pytest.mark.asyncio
@pytest.mark.parametrize("most", [None, 1, 2, 3, 4, 5, 7, 13, 100])
@pytest.mark.parametrize("begin", [0, 1, 3, 5, 6, 22])
async def test_nothing_of_aborted_transactions_and_no_control_record_is_given(begin: int, most: int | None) -> None:
    raw = b"".join(each for each in LOG if _end(each) > begin)
    found = await both(lambda: Consumer(raw, begin=begin, aborted=ABORTED), most)
    assert [offset for offset, *_ in found] == [offset for offset in READABLE if offset >= begin]


@pytest.mark.asyncio
async def test_whoever_reads_what_is_not_committed_is_given_aborted_records() -> None:
    found = await both(lambda: Consumer(b"".join(LOG), level=READ_UNCOMMITTED, aborted=None), 3)
    assert {13, 14} < {offset for offset, *_ in found}


@pytest.mark.asyncio
async def test_where_nothing_may_be_read_the_position_moves_on() -> None:
    consumer = Consumer(LOG[2] + LOG[4], begin=13, aborted=ABORTED)
    read_whole_batches(consumer)
    assert await read(consumer, 10) == ([], 17)


@pytest.mark.asyncio
async def test_a_batch_that_was_damaged_stops_the_reading_and_is_fetched_again() -> None:
    damaged = bytearray(LOG[1])
    damaged[-1] ^= 1
    for most in (2, 10):
        consumer = Consumer(LOG[0] + bytes(damaged) + LOG[2])
        read_whole_batches(consumer)
        result = await consumer.fetched()
        if most == 2:
            assert [len(result.getall(most)), len(result.getall(most))] == [2, 2]
        with pytest.raises(CorruptRecordException):
            result.getall(most)
        assert result.getall(most) == []
        assert not result.has_more()
        assert consumer.state.position <= 4


@pytest.mark.asyncio
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("flags", [0, APPEND_TIME])
@pytest.mark.parametrize("begin", [0, 5, 6_001, 6_999])
async def test_large_batches_are_read_alike_however_they_are_compressed(begin: int, codec: int, flags: int) -> None:
    deltas = [*range(0, 9), 200, *range(6_000, 7_000)]
    raw = batch(0, deltas, codec=codec, flags=flags, late_ms=3)
    found = await both(lambda: Consumer(raw, begin=begin), None)
    assert [offset for offset, *_ in found] == [delta for delta in deltas if delta >= begin]


@pytest.mark.asyncio
async def test_compiled_code_reads_large_batches_itself() -> None:
    consumer = Consumer(batch(0, range(WORTH_IT - 1)) + batch(WORTH_IT - 1, range(WORTH_IT)))
    read_whole_batches(consumer)
    small, large = [(await consumer.fetched()).getall(WORTH_IT - 1) for _ in range(2)]
    compiled = find_spec("app.engine.unpack") is not None
    assert isinstance(small[0], DefaultRecord)
    assert isinstance(large[0], DefaultRecord) is not compiled
    assert gc.is_tracked(large[0]) is not compiled


def test_aiokafka_makes_what_it_fetched_by_the_name_that_is_replaced() -> None:
    assert "MemoryRecords" in fetcher.Fetcher._proc_fetch_request.__code__.co_names
    read_whole_batches(Consumer(LOG[0]))
    assert fetcher.MemoryRecords is (MemoryRecords if find_spec("app.engine.unpack") is None else Fetched)


@given(st.data())
@settings(max_examples=500)
def test_what_is_wrong_within_a_batch_is_no_record(data: st.DataObject) -> None:
    raw = bytearray(batch(0, range(20), codec=NONE))
    for _ in range(data.draw(st.integers(1, 2))):
        raw[data.draw(st.integers(HEADER_BYTES, len(raw) - 1))] = data.draw(st.integers(0, 255))
    made = mended(raw, 0, 19)
    by_aiokafka, whole = Consumer(made, parser=MemoryRecords), Consumer(made)
    read_whole_batches(by_aiokafka)
    read_whole_batches(whole)
    assert asyncio.run(outcome(whole)) == asyncio.run(outcome(by_aiokafka))


async def outcome(consumer: Consumer) -> list[Seen] | None:
    """Return what is read, or None if it is refused."""
    try:
        return seen((await consumer.fetched()).getall())
    except (CorruptRecordException, UnicodeDecodeError, OverflowError, MemoryError):
        return None


@pytest.mark.asyncio
async def test_a_fetch_of_before_a_seek_gives_nothing() -> None:
    consumer = Consumer(LOG[0])
    read_whole_batches(consumer)
    result = await consumer.fetched()
    assert seen(result.getall(2))[-1][0] == 1
    consumer.state.position = 0
    assert result.getall(2) == []
    assert not result.has_more()


@pytest.mark.asyncio
async def test_a_fetch_that_was_begun_record_by_record_is_not_begun_anew() -> None:
    consumer = Consumer(LOG[0])
    result = await consumer.fetched()
    assert len(result.getall(1)) == 1
    read_whole_batches(consumer)
    assert await read(consumer, 2) == ([(at, 1_000, b"%d" % at, b"v" * at, _headers(at)) for at in (1, 2, 3)], 4)


@pytest.mark.asyncio
async def test_an_error_is_left_as_it_is() -> None:
    consumer = Consumer(LOG[0])
    consumer._fetcher._records[TopicPartition("words", 1)] = error = FetchError(error=KafkaError(), backoff=0)
    read_whole_batches(consumer)
    assert len((await consumer.fetched()).getall()) == 4
    with pytest.raises(KafkaError):
        error.check_raise()


def _headers(place: int) -> tuple[tuple[str, bytes], ...]:
    return (("place", b"%d" % place), ("größer", b"")) if place % 2 else ()


def _end(raw: bytes) -> int:
    return int(MemoryRecords(raw).next_batch().next_offset)


def _some_log(rng: random.Random) -> Iterator[bytes]:
    """Yield batches that go on where the last ended, some with gaps."""
    base = 0
    for _ in range(rng.randint(1, 8)):
        most = rng.choice((9, 9, 300))
        made = batch(
            base,
            sorted(rng.sample(range(most), rng.randint(1, most))),
            producer=rng.choice((-1, 3)),
            gone=rng.choice((0, 0, 2)),
            flags=rng.choice((0, APPEND_TIME)),
            codec=rng.choice(CODECS),
            late_ms=rng.choice((-1, 0, 1, 70)),
        )
        base = _end(made) + rng.choice((0, 0, 5))
        yield made


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(50))
async def test_any_log_is_read_the_same_either_way(seed: int) -> None:
    rng = random.Random(seed)
    raw, most = b"".join(_some_log(rng)), rng.choice((None, 1, 2, 3, 8))
    begin = rng.randint(0, _end(raw) - 1)
    await both(lambda: Consumer(raw, begin=begin), most)
