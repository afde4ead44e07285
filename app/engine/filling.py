"""Record batches to send, filled without aiokafka's layer of Python for each record, which is most of the work."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from app.engine.errors import RunTooLarge
from app.engine.machine import Output

MAX_BATCH_BYTES: Final = 7 * 1024 * 1024
"""A record batch the engine may build; the changelog's max.message.bytes is 8 MiB."""

OUTPUT_BATCH_BYTES: Final = 4 * 1024 * 1024
"""Outputs are sent in batches of about this size, uncompressed; their topics allow 8 MiB. A partition's second batch
goes out when the first is acked, so that many small ones take many round trips."""

NO_HEADERS: Final[list[tuple[str, bytes]]] = []


def fill(batch: Any, rows: Iterable[tuple[bytes, bytes | None]], now_ms: int, where: str) -> None:
    """Append the rows to an empty batch, which goes to `where`. Raises RunTooLarge if they do not fit."""
    append, count = batch._builder.append, 0
    for key, value in rows:
        if append(count, now_ms, key, value, NO_HEADERS) is None:
            raise RunTooLarge(
                f"a run of {where} is over {MAX_BATCH_BYTES} bytes; "
                "lower the flush interval, so that a run holds fewer rows"
            )
        count += 1
    batch._relative_offset = count


def by_partition(outputs: Sequence[Output]) -> dict[tuple[str, int], list[Output]]:
    """Return the outputs by topic and partition, in order."""
    groups: dict[tuple[str, int], list[Output]] = {}
    for output in outputs:
        groups.setdefault((output.topic, output.partition), []).append(output)
    return groups


def filled(new_batch: Callable[[], Any], outputs: Sequence[Output], now_ms: int) -> list[Any]:
    """Return batches of about OUTPUT_BATCH_BYTES that hold the outputs in order; `new_batch` makes an empty one.

    An output that is larger goes alone: any batch takes one record, and the broker says if that is too much.
    """
    batches: list[Any] = []
    append: Any = None
    count = size = 0
    for output in outputs:
        key, value, headers = output.key, output.value, output.headers
        record_bytes = len(key or b"") + len(value or b"")
        if append is None or (size and size + record_bytes > OUTPUT_BATCH_BYTES):
            batches.append(new_batch())
            append, count, size = batches[-1]._builder.append, 0, 0
        append(count, now_ms, key, value, list(headers) if headers else NO_HEADERS)
        count += 1
        size += record_bytes
        batches[-1]._relative_offset = count
    return batches
