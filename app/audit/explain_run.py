"""One explanation against a broker. It only reads, and may be run while workers are running.

The published board is read before the end of the source log is asked for, so the log covers the board's position.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from app.audit.admission import SourceRecord
from app.audit.board_key import kind_of, read_board_key
from app.audit.calendar import Calendar
from app.audit.explain import Conclusion, Explanation
from app.audit.options import AuditOptions
from app.audit.published import Published
from app.audit.read import LogReader
from app.audit.run import check_partitions, read_quarantined
from app.audit.step import Step
from app.audit.told import Told, read_told


async def explain(
    bootstrap: str,
    options: AuditOptions,
    key: str,
    member: str | None = None,
    connection: Mapping[str, Any] | None = None,
) -> AsyncIterator[Step | Conclusion]:
    """Yield the source records that make up a board, or one member of it, in log order, and last what they come to.

    `connection` as in `audit`. Raises KeyProblem if there is no such board, and AuditError if the log cannot be read.
    """
    board = read_board_key(key, Calendar(options.time_zone))
    async with LogReader(bootstrap, connection) as reader:
        check_partitions(reader, replace(options, state=False))
        kind = kind_of(board, member)
        newest = await _newest(reader, options.topics.boards[kind], key)
        told: Told = read_told(kind, key, member, newest, options.topics.source, options.top_n)
        quarantined = options.quarantined | await read_quarantined(reader, options)
        explanation = Explanation(board, member, told, replace(options, quarantined=quarantined))
        async for step in _steps(reader, options.topics.source, explanation):
            yield step
        yield explanation.conclude()


async def _newest(reader: LogReader, topic: str, key: str) -> Published | None:
    """Return the newest record of a key."""
    newest, wanted = None, key.encode()
    async for record in reader.records(topic):
        if record.key == wanted:
            newest = Published(record.partition, record.offset, record.value)
    return newest


async def _steps(reader: LogReader, source: str, explanation: Explanation) -> AsyncIterator[Step]:
    for partition in reader.partitions(source):
        within = await reader.bounds(source, partition)
        explanation.open(partition, within.start)
        async for batch in reader.batches(source, partition, within):
            for record in batch:
                step = explanation.feed(SourceRecord(record.offset, record.timestamp, record.key, record.value))
                if step is not None:
                    yield step
        explanation.close()
