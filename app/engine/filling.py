"""Record batches to send, without aiokafka's layer of Python for each record, which is most of the work.

Rows are records already. Outputs are packed by compiled code, or else by aiokafka's builder, for the same bytes.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from app.engine.errors import RunTooLarge
from app.engine.machine import Output
from app.engine.packed import PackedBatch
from app.engine.rows import Rows

try:
    from app.engine import pack
except ImportError:
    pack = None  # type: ignore[assignment]

MAX_BATCH_BYTES: Final = 7 * 1024 * 1024
"""A record batch the engine may build; the changelog's max.message.bytes is 8 MiB."""

OUTPUT_BATCH_BYTES: Final = 4 * 1024 * 1024
"""Outputs are sent in batches of about this size, uncompressed; their topics allow 8 MiB. A partition's second batch
goes out when the first is acked, so that many small ones take many round trips."""

NO_HEADERS: Final[list[tuple[str, bytes]]] = []


def filled_with_rows(rows: Rows, now_ms: int, where: str) -> PackedBatch:
    """Return a batch that holds the rows, for `where`. Raises RunTooLarge."""
    batch = PackedBatch(rows.records, len(rows), now_ms)
    if batch.size() >= MAX_BATCH_BYTES and len(rows) > 1:
        raise RunTooLarge(
            f"a run of {where} is over {MAX_BATCH_BYTES} bytes; "
            "lower the flush interval, so that a run holds fewer rows"
        )
    return batch


def by_partition(outputs: Iterable[Output]) -> dict[tuple[str, int], list[Output]]:
    """Return the outputs by topic and partition, in order."""
    topics: dict[str, dict[int, list[Output]]] = {}  # a pair for each output would cost more than all else here
    for output in outputs:
        topics.setdefault(output.topic, {}).setdefault(output.partition, []).append(output)
    return {(topic, number): group for topic, numbers in topics.items() for number, group in numbers.items()}


def filled(new_batch: Callable[[], Any], outputs: Sequence[Output], now_ms: int) -> list[Any]:
    """Return batches of about OUTPUT_BATCH_BYTES that hold the outputs in order; `new_batch` makes an empty one.

    An output that is larger goes alone: any batch takes one record, and the broker says if that is too much.
    """
    return _packed_outputs(outputs, now_ms) if pack is not None else _appended_outputs(new_batch, outputs, now_ms)


def _packed_outputs(outputs: Sequence[Output], now_ms: int) -> list[Any]:
    batches: list[Any] = []
    begin = 0
    while begin < len(outputs):
        records, end = pack.outputs(outputs, begin, OUTPUT_BATCH_BYTES)
        batches.append(PackedBatch(records, end - begin, now_ms))
        begin = end
    return batches


def _appended_outputs(new_batch: Callable[[], Any], outputs: Sequence[Output], now_ms: int) -> list[Any]:
    batches: list[Any] = []
    count = size = 0
    for output in outputs:
        key, value, headers = output.key, output.value, output.headers
        record_bytes = len(key or b"") + len(value or b"")
        if not batches or (size and size + record_bytes > OUTPUT_BATCH_BYTES):
            batches.append(new_batch())
            count = size = 0
        batches[-1]._builder.append(count, now_ms, key, value, list(headers) if headers else NO_HEADERS)
        count += 1
        size += record_bytes
        batches[-1]._relative_offset = count
    return batches
