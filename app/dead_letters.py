"""Looking at dead letters, and sending repaired ones back to the source topic."""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import ConsumerRecord

from app.errors import Finding
from app.json_lines import BadLine, read_gifts
from app.sending import GiftSender
from app.settings import Settings
from app.topic_reader import read_to_end
from app.topology import topology
from schemas.dead_letter import HEADER_PREFIX

SHOWN_BYTES: Final = 200


class DeadLetter(NamedTuple):
    """One dead letter: why, from where, and the bytes; `cut` if only the first 64 KiB were kept."""

    reason: str
    detail: str
    topic: str
    partition: str
    offset: str
    at_ms: int
    key: bytes | None
    value: bytes | None
    cut: bool

    def summary(self) -> dict[str, Any]:
        """Return what is shown of it: everything but the bytes after the first 200."""
        shown = self._asdict()
        shown["key"] = _text(self.key)
        shown["value"] = _text(self.value)
        shown["bytes"] = len(self.value or b"")
        return shown


class Replayed(NamedTuple):
    """What was sent, by partition, and what was not, with the reason."""

    sent: dict[int, int]
    refused: list[str]


def parse(record: ConsumerRecord) -> DeadLetter:
    """Return the dead letter that a record is. Headers that are missing are empty."""
    told = {name.removeprefix(HEADER_PREFIX): text.decode(errors="replace") for name, text in record.headers}
    return DeadLetter(
        reason=told.get("reason", ""),
        detail=told.get("detail", ""),
        topic=told.get("topic", ""),
        partition=told.get("partition", ""),
        offset=told.get("offset", ""),
        at_ms=record.timestamp,
        key=record.key,
        value=record.value,
        cut="sha256" in told,
    )


async def read(settings: Settings, reason: str | None = None) -> AsyncIterator[DeadLetter]:
    """Yield all dead letters, or those of one reason."""
    async for record in read_to_end(settings, [topology(settings).dead_letters.name]):
        letter = parse(record)
        if reason in (None, letter.reason):
            yield letter


async def newest(settings: Settings, reason: str | None, limit: int) -> list[DeadLetter]:
    """Return the newest `limit` dead letters, oldest first."""
    kept: deque[DeadLetter] = deque(maxlen=limit)
    async for letter in read(settings, reason):
        kept.append(letter)
    return sorted(kept, key=lambda letter: letter.at_ms)


async def replay_repaired(settings: Settings, lines: Iterable[bytes]) -> Replayed:
    """Send repaired values, one JSON line each, keyed by stream_id. A bad line is refused by its number."""
    refused: list[str] = []
    async with GiftSender(settings) as sender:
        for line in read_gifts(lines):
            if isinstance(line, BadLine):
                refused.append(f"line {line.number}: {line.why}")
            else:
                await sender.send(line.key, line.value)
    return Replayed(dict(sender.sent), refused)


async def replay_unchanged(settings: Settings, reason: str) -> Replayed:
    """Send the bytes of all dead letters of one reason as they are: a setting was wrong, not the data.

    They are keyed by the stream_id that they hold. One that holds none, or was cut, is refused. Sending the
    same ones twice is harmless within the horizon: they are duplicates then. Raises Finding if there is none.
    """
    refused: list[str] = []
    async with GiftSender(settings) as sender:
        async for letter in read(settings, reason):
            key = None if letter.cut else stream_id(letter.value)
            if key is None:
                why = "only its first bytes were kept" if letter.cut else "it holds no stream_id"
                refused.append(f"{letter.topic} {letter.partition}:{letter.offset}: {why}")
            else:
                await sender.send(key, letter.value)
    if not sender.sent and not refused:
        raise Finding(f"There is no dead letter of reason {reason}")
    return Replayed(dict(sender.sent), refused)


def stream_id(value: bytes | None) -> bytes | None:
    """Return the stream_id inside a value as a key, or None if there is none to be found."""
    try:
        event = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    found = event.get("stream_id") if isinstance(event, dict) else None
    return found.encode(errors="replace") if isinstance(found, str) and found else None


def _text(data: bytes | None) -> str | None:
    return None if data is None else data[:SHOWN_BYTES].decode(errors="replace")
