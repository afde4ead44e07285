"""Fetched record batches read whole: their records are made in C, and handed on as they are.

aiokafka makes a `ConsumerRecord` of each, one by one, which costs four times the parsing. What is given up for that is
`topic` and `partition`, which whoever reads a partition knows. Compiled code reads large batches by a kernel of its own
(`unpack.c`), all others are read by aiokafka's parser.
"""

from collections.abc import Iterable, Iterator, Sequence
from inspect import GEN_CREATED, getgeneratorstate
from itertools import chain, dropwhile, islice
from typing import Any, Final

import aiokafka.consumer.fetcher
from aiokafka import AIOKafkaConsumer
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from app.engine.packed import HEADER_BYTES

try:
    from app.engine import unpack
except ImportError:
    unpack = None  # type: ignore[assignment]

WORTH_IT: Final = 8
"""Records. To find out where the bytes of a batch are takes as long as reading a few."""

LENGTH_AT: Final = 8
LENGTH_END: Final = 12
COUNT_AT: Final = HEADER_BYTES - 4
"""Where a batch says how many bytes follow its length, and how many records it has."""

LOG_APPEND_TIME: Final = 1
_DECOMPRESS: Final = {
    DefaultRecordBatch.CODEC_NONE: bytes,
    DefaultRecordBatch.CODEC_GZIP: gzip_decode,
    DefaultRecordBatch.CODEC_SNAPPY: snappy_decode,
    DefaultRecordBatch.CODEC_LZ4: lz4_decode,
    DefaultRecordBatch.CODEC_ZSTD: zstd_decode,
}


def read_whole_batches(consumer: AIOKafkaConsumer) -> None:
    """Have `getmany` return records with offset, timestamp, key, value and headers, no more.

    To be called right after the consumer's start, before anything is assigned. What was fetched earlier is returned as
    aiokafka has it.

    With compiled code all consumers of the process get `Fetched` from then on; for those that are not told here it is
    what `MemoryRecords` was.
    """
    if unpack is not None:
        aiokafka.consumer.fetcher.MemoryRecords = Fetched
    fetcher = consumer._fetcher
    process = fetcher._proc_fetch_request

    async def process_whole(assignment: Any, node_id: int, request: Any) -> bool:
        found: bool = await process(assignment, node_id, request)
        for result in fetcher._records.values():
            if _is_unread(result):
                _read_whole(result)
        return found

    fetcher._proc_fetch_request = process_whole


class Fetched:
    """The batches that one fetch brought of one partition: aiokafka's `MemoryRecords`, and where the last one lies."""

    def __init__(self, raw: bytes) -> None:
        self._batches = MemoryRecords(raw)
        self._raw = raw
        self._begin = self._end = 0

    def size_in_bytes(self) -> int:
        """Return the size of all that was brought."""
        return int(self._batches.size_in_bytes())

    def has_next(self) -> bool:
        """Return whether there is another whole batch."""
        return bool(self._batches.has_next())

    def next_batch(self) -> Any:
        """Return the next batch, as aiokafka does."""
        batch = self._batches.next_batch()
        self._begin = self._end
        length = self._raw[self._begin + LENGTH_AT : self._begin + LENGTH_END]
        self._end = self._begin + LENGTH_END + int.from_bytes(length)
        return batch

    def unpacked(self, batch: DefaultRecordBatch, begin: int) -> Sequence[Any]:
        """Return the records of the last batch from offset `begin` on. Raises CorruptRecordException."""
        at = self._begin
        data = _DECOMPRESS[batch.compression_type](self._raw[at + HEADER_BYTES : self._end])
        count = int.from_bytes(self._raw[at + COUNT_AT : at + HEADER_BYTES], signed=True)
        append_ms = batch.max_timestamp if batch.timestamp_type == LOG_APPEND_TIME else -1
        try:
            return unpack.records(data, count, batch.base_offset, batch.first_timestamp, append_ms, begin)
        except ValueError as error:
            raise CorruptRecordException(f"batch at offset {batch.base_offset}: {error}") from error


def _is_large(batch: Any) -> bool:
    """Return whether it is of today's format, and worth it."""
    return type(batch) is DefaultRecordBatch and batch.next_offset - batch.base_offset >= WORTH_IT


def _is_unread(result: Any) -> bool:
    """Return whether that is a fetch, and no error, that nothing was taken of, neither by batches nor by records."""
    parsed = result._partition_records if type(result) is FetchResult else None
    if parsed is None or parsed._records_iterator is None:
        return False
    return getgeneratorstate(parsed._records_iterator) == GEN_CREATED


def _read_whole(result: FetchResult) -> None:
    """Let a fetch be read by batches. aiokafka takes no subclass of it, so another one does its work."""
    parsed, result._partition_records = result._partition_records, None
    whole = _WholeFetch(
        result._topic_partition,
        assignment=result._assignment,
        partition_records=_Batches(parsed),
        backoff=result._backoff,
    )
    result.getall, result.has_more = whole.getall, whole.has_more


class _WholeFetch(FetchResult):  # type: ignore[misc] # aiokafka does not type it
    """What one fetch brought of one partition."""

    _partition_records: Any

    def getall(self, max_records: int | None = None) -> list[Any]:
        """Return the next records, at most so many, and move the partition's position behind them."""
        if not self.check_assignment(self._topic_partition) or not self.has_more():
            return []
        taken: list[Any] = self._partition_records.take(max_records)
        self._update_position()
        if not self._partition_records.more:
            self._partition_records = None
        return taken


class _Batches(PartitionRecords):  # type: ignore[misc] # aiokafka does not type it
    """The batches of a fetch that a reader may see, as one sequence of records."""

    def __init__(self, parsed: PartitionRecords) -> None:
        super().__init__(
            parsed._tp,
            parsed._records,
            parsed._aborted_transactions,
            parsed.next_fetch_offset,
            None,
            None,
            parsed._check_crcs,
            parsed._isolation_level,
        )
        self.more = True
        self._sequence = chain.from_iterable(self._records_iterator)

    def take(self, most: int | None) -> list[Any]:
        """Return the next records. Raises what is wrong with a batch, and then gives none any more."""
        try:
            taken = list(islice(self._sequence, most))
        except BaseException:
            self._sequence = chain()
            raise
        if most is None or len(taken) < most:
            self.more = False
        else:
            self.next_fetch_offset = taken[-1].offset + 1
        return taken

    def _unpack_records(self) -> Iterator[Iterable[Any]]:
        """Yield what may be read of each batch; once it is read, the next fetch begins behind the batch."""
        while self._records.has_next():
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            if self._may_be_read(batch):
                yield self._records_of(batch)
            self.next_fetch_offset = batch.next_offset

    def _records_of(self, batch: Any) -> Iterable[Any]:
        """Return the records from the one on that was asked for."""
        if unpack is not None and isinstance(self._records, Fetched) and _is_large(batch):
            return self._records.unpacked(batch, self.next_fetch_offset)
        return dropwhile(self._is_before, batch)

    def _is_before(self, record: Any) -> bool:
        """Return whether a record lies before what was asked for, which may be in the middle of a batch."""
        return bool(record.offset < self.next_fetch_offset)

    def _may_be_read(self, batch: Any) -> bool:
        """Return whether it is neither a control batch nor of an aborted transaction."""
        if self._isolation_level == READ_COMMITTED and batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return False
        return not batch.is_control_batch
