"""Now and then a worker counts a board that it has just made final once more: from the log, with the audit's own code.

It reads beside the fold, in small slices with pauses, and nothing that it finds or fails at touches the counting.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final, Literal

import structlog

from agents.domain.messages import Message
from app.audit.admission import MAX_AHEAD_MS, SourceRecord
from app.audit.one_board import OneBoard
from app.audit.published import Claim, Published, read_claim
from app.auditing import audit_options
from app.connection import client_options
from app.engine.reader import LogReader
from app.metrics import Metrics
from app.settings import Settings
from schemas.dead_letter import HEADER_PREFIX

logger = structlog.get_logger(__name__)

MOST_RECORDS: Final = 100_000
"""A check that would have to read more is left out."""

FEW_RECORDS: Final = 5_000
"""So many are read in any case: on a quiet partition it takes more than the horizon to know a streak's beginning."""

SLICE: Final = 50
PAUSE_SECONDS: Final = 0.01
"""How many records are counted, about 2 ms, before the fold has the loop again, and for how long at least."""

SLACK_MS: Final = 60_000
FRESH_SECONDS: Final = 120.0
"""A worker further behind is catching up, and has better things to do."""

Result = Literal["equal", "different", "skipped"]


class SelfCheck:
    """Checks one board each `settings.self_check_seconds`, never two at once."""

    def __init__(self, settings: Settings, metrics: Metrics, reader: LogReader | None = None) -> None:
        self._every = settings.self_check_seconds
        self._options = audit_options(settings)
        self._metrics = metrics
        self._reader = reader or LogReader(client_options(settings))
        self._due = time.monotonic() + self._every
        self._task: asyncio.Task[None] | None = None

    def offer(self, messages: Sequence[Message], watermark_ms: int) -> None:
        """Take what was just published; if a check is due and a final `1m` board is in it, begin."""
        if not self._every or time.monotonic() < self._due or time.time() - watermark_ms / 1000 > FRESH_SECONDS:
            return
        if (self._task is None or self._task.done()) and (finals := list(_finals(messages))):
            self._due = time.monotonic() + self._every
            self._task = asyncio.create_task(self._check(messages, random.choice(finals)), name="self-check")

    async def stop(self) -> None:
        """Give up a check that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _check(self, messages: Sequence[Message], key: str) -> None:
        try:
            result, boards = await self._compare(_claims(messages, key, self._options.topics.source))
        except Exception as error:
            logger.warning("self-check failed, counted as skipped", board=key, error=type(error).__name__)
            result, boards = "skipped", 0
        self._metrics.self_checks.labels(result).inc()
        self._metrics.drift.inc(boards)

    async def _compare(self, claims: Sequence[Claim]) -> tuple[Result, int]:
        """Count the board again; return how it came out, and how many of its boards differ."""
        ((partition, last),) = claims[0].place.offsets.items()
        source, letters = self._options.topics.source, self._options.topics.dead_letters
        since = int(claims[0].key.rsplit("|", 1)[1]) - self._options.horizon_ms - MAX_AHEAD_MS - SLACK_MS
        start, _ = await self._reader.bounds(source, partition)
        by_time = await self._reader.offset_at(source, partition, since)
        begin = max(start, min(last if by_time is None else by_time, last - FEW_RECORDS))
        first_letter, letters_end = await self._letters(letters, partition, begin, source)
        if last + 1 - begin + letters_end - first_letter > MOST_RECORDS:
            return "skipped", 0
        options = replace(self._options, quarantined=await self._quarantined(partition, first_letter, letters_end))
        board = OneBoard(options, claims, log_start=begin)
        await self._read(source, partition, begin, last + 1, board.apply)
        was_lost = (await self._reader.bounds(source, partition))[0] > begin
        if was_lost or board.is_uncertain:
            return "skipped", 0
        return _told(board)

    async def _letters(self, topic: str, partition: int, begin: int, source: str) -> tuple[int, int]:
        """Return the dead letters that may speak of records from offset `begin` on, as a range of offsets."""
        record = await self._reader.record_at(source, partition, begin)
        _, end = await self._reader.bounds(topic, partition)
        first = None if record is None else await self._reader.offset_at(topic, partition, record.timestamp)
        return (end if first is None else first), end

    async def _quarantined(self, partition: int, begin: int, end: int) -> frozenset[tuple[int, int]]:
        """Return the source records that an operator sent to the dead letters, by partition and offset."""
        found: set[tuple[int, int]] = set()
        reason, offset = f"{HEADER_PREFIX}reason", f"{HEADER_PREFIX}offset"

        def take(letter: SourceRecord) -> None:
            headers = dict(letter.headers)  # type: ignore[attr-defined]
            if headers.get(reason) == b"quarantined":
                found.add((partition, int(headers[offset])))

        await self._read(self._options.topics.dead_letters, partition, begin, end, take)
        return frozenset(found)

    async def _read(
        self, topic: str, partition: int, begin: int, end: int, take: Callable[[SourceRecord], None]
    ) -> None:
        async with aclosing(self._reader.slices(topic, partition, begin, end, SLICE)) as slices:
            async for records in slices:
                for record in records:
                    take(record)
                await asyncio.sleep(PAUSE_SECONDS)


def _told(board: OneBoard) -> tuple[Result, int]:
    differences = board.differences()
    if not differences:
        return "equal", 0
    # Only the field's name: the values may be what people are called.
    fields = [detail.partition(":")[0] for detail in differences]
    place = f"{board.partition}:{board.offset}"
    logger.error("a published board differs from the log", board=board.key, fields=fields, at=place)
    return "different", len(differences)


def _finals(messages: Sequence[Message]) -> Iterator[str]:
    """Yield the keys of final boards of a minute that lack nothing."""
    return (key for to, key, value in messages if to == "totals" and value and _is_whole_minute(key, value))


def _is_whole_minute(key: str, value: bytes) -> bool:
    return key.split("|")[2] == "1m" and b'"is_final":true' in value and b'"incomplete":' not in value


def _claims(messages: Sequence[Message], key: str, source: str) -> list[Claim]:
    """Return what was published under a key. Raises ValueError if it cannot be read."""
    claims = []
    for to, name, value in messages:
        if name == key and (to == "totals" or to == "gifters"):
            claim = read_claim(to, key, Published(0, 0, value), source)
            if isinstance(claim, str):
                raise ValueError(claim)
            claims.append(claim)
    return claims
