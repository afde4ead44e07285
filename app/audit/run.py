"""One audit against a broker. It only reads, and may be run while workers are running.

The order makes that safe: first how far each partition had been published, then the boards, then the source log
to the end that it has by now. So what was due at the beginning must be there, and whatever has been published since
is compared at its own position, which the source log covers. The rows of state, if they are asked for, are read
partition by partition, each right before its part of the source log.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from app.audit.admission import SourceRecord
from app.audit.compare import Comparison
from app.audit.history import History
from app.audit.options import AuditOptions, BoardKind
from app.audit.published import Boards, Published
from app.audit.read import AuditError, Bounds, LogReader
from app.audit.report import Report
from app.audit.state import State
from app.audit.state_rows import REPLACED_KEY, RowError
from schemas.dead_letter import HEADER_PREFIX
from schemas.partial import Progress

OnProgress = Callable[[int, int], None]
"""Called with offsets done and offsets to do."""


async def audit(
    bootstrap: str,
    options: AuditOptions,
    progress: OnProgress | None = None,
    connection: Mapping[str, Any] | None = None,
) -> Report:
    """Recount the source log; compare every published board, and the rows of state if asked, at its position.

    `connection` holds further aiokafka connection arguments (TLS, SASL). Raises AuditError if the log cannot be
    read.
    """
    async with LogReader(bootstrap, connection) as reader:
        check_partitions(reader, options)
        committed = await read_positions(reader, options.topics.partials)
        await asyncio.sleep(options.settle_seconds)
        boards = await read_boards(reader, options)
        quarantined = options.quarantined | await read_quarantined(reader, options)
        comparison = Comparison(boards, committed, replace(options, quarantined=quarantined))
        await _feed(reader, options, comparison, progress or (lambda done, total: None))
        return comparison.finish()


async def read_positions(reader: LogReader, topic: str) -> dict[int, int]:
    """Return, for each partition that has told it, the offset before which everything has been published.

    Raises AuditError if the app id was replaced by another.
    """
    positions: dict[int, int] = {}
    async for record in reader.records(topic):
        if record.key == REPLACED_KEY:
            app_id = (record.value or b"").decode(errors="replace")
            raise AuditError(f"the state was replaced by that of app id {app_id}: set GIFTSTREAM_APP_ID={app_id}")
        if record.key is None or b"|" in record.key or record.value is None:
            continue
        try:
            told = msgspec.json.decode(record.value, type=Progress)
        except msgspec.DecodeError as error:
            message = f"{topic} offset {record.offset} is not the progress of a partition: {error}"
            raise AuditError(message) from error
        positions[told.partition] = told.position
    return positions


async def read_boards(reader: LogReader, options: AuditOptions) -> Boards:
    """Return every board record that is to be judged, tombstones included."""
    boards: dict[BoardKind, Mapping[str, Sequence[Published]]] = {}
    for kind, topic in options.topics.boards.items():
        history = History()
        async for record in reader.records(topic):
            told = Published(record.partition, record.offset, record.value)
            history.add(record.key or b"", told, record.headers)
        boards[kind] = history.keys
    return boards


async def read_quarantined(reader: LogReader, options: AuditOptions) -> frozenset[tuple[int, int]]:
    """Return partition and offset of the source records that the dead letters say an operator quarantined."""
    found = set()
    source = options.topics.source.encode()
    async for record in reader.records(options.topics.dead_letters):
        told = {name.removeprefix(HEADER_PREFIX): value for name, value in record.headers}
        if told.get("reason") == b"quarantined" and told.get("topic") == source:
            found.add((int(told["partition"]), int(told["offset"])))
    return frozenset(found)


async def read_state(reader: LogReader, topic: str, partition: int) -> State:
    """Return what a partition's changelog says at its end. Raises AuditError if its format is newer.

    Where it grows meanwhile, it is read on to the end that it has when the first reading is done: compaction may have
    taken rows out of the way of that reading only because newer ones lay before that end.
    """
    state = State()
    start, end = await reader.bounds(topic, partition)
    for _ in range(2):
        async for batch in reader.batches(topic, partition, Bounds(start, end)):
            for record in batch:
                _apply(state, topic, record.offset, record.key, record.value)
        start, end = end, (await reader.bounds(topic, partition)).end
    return state


def _apply(state: State, topic: str, offset: int, key: bytes | None, value: bytes | None) -> None:
    try:
        state.apply(key, value)
    except RowError as error:
        raise AuditError(f"{topic} offset {offset}: {error}") from error


async def _feed(reader: LogReader, options: AuditOptions, comparison: Comparison, progress: OnProgress) -> None:
    source = options.topics.source
    expected: dict[int, Bounds] = {p: await reader.bounds(source, p) for p in reader.partitions(source)}
    total = sum(end - start for start, end in expected.values())
    done = 0
    for partition in expected:
        state = await read_state(reader, options.topics.changelog, partition) if options.state else None
        within = await reader.bounds(source, partition)
        total += (within.end - within.start) - (expected[partition].end - expected[partition].start)
        comparison.open(partition, within.start, state)
        async for batch in reader.batches(source, partition, within):
            for record in batch:
                comparison.feed(SourceRecord(record.offset, record.timestamp, record.key, record.value))
            if batch:
                progress(done + batch[-1].offset + 1 - within.start, total)
        done += within.end - within.start
        progress(done, total)
        comparison.close(within.end)


def check_partitions(reader: LogReader, options: AuditOptions) -> None:
    """Raises AuditError unless the topics that are recounted have as many partitions as the settings say."""
    topics = options.topics
    for topic in (topics.source, topics.changelog) if options.state else (topics.source,):
        found = len(reader.partitions(topic))
        if found == 0:
            raise AuditError(f"there is no topic {topic}")
        if found != options.partitions:
            raise AuditError(f"{topic} has {found} partitions, the settings say {options.partitions}")
