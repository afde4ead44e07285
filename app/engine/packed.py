"""A record batch around records that are written already, as aiokafka's sender takes one.

aiokafka's own builder writes each record for itself, and copies all of them twice before it compresses them. The layout
is that of message format v2 (KIP-98).
"""

from struct import Struct
from typing import Final

from aiokafka.codec import zstd_encode
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c

_BEFORE_THE_CHECKSUM: Final = Struct(">qiib")
_CHECKED: Final = Struct(">hiqqqhii")
_BEHIND_THE_LENGTH: Final = 4 + 1 + 4
"""Leader epoch, magic and checksum."""

HEADER_BYTES: Final = _BEFORE_THE_CHECKSUM.size + 4 + _CHECKED.size


class PackedBatch:
    """What aiokafka asks of a `BatchBuilder`, for so many records of the same time, compressed with zstd."""

    def __init__(self, records: bytes | bytearray, count: int, now_ms: int) -> None:
        self._records = records
        self._count = count
        self._now_ms = now_ms
        self._producer = (-1, -1, -1)
        self._buffer = b""

    def close(self) -> None:
        """It is closed: nothing can be added."""

    def closed(self) -> bool:
        """Return whether nothing can be added."""
        return True

    def record_count(self) -> int:
        """Return the number of records."""
        return self._count

    def size(self) -> int:
        """Return the size in bytes: until it is built, uncompressed."""
        return len(self._buffer) or HEADER_BYTES + len(self._records)

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._producer = producer_id, producer_epoch, base_sequence

    def _build(self) -> bytes:
        if not self._buffer:
            times = self._now_ms, self._now_ms
            attributes = DefaultRecordBatch.CODEC_ZSTD
            head = _CHECKED.pack(attributes, self._count - 1, *times, *self._producer, self._count)
            checked = head + zstd_encode(self._records)
            begin = _BEFORE_THE_CHECKSUM.pack(0, _BEHIND_THE_LENGTH + len(checked), -1, 2)
            self._buffer = begin + calc_crc32c(checked).to_bytes(4) + checked
            self._records = b""
        return self._buffer
