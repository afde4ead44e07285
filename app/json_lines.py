"""Gift events as JSON lines: each is one that the worker would take, or is reported by its number."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agents.domain.check import MAX_VALUE_BYTES
from agents.domain.decode import decode
from agents.domain.reject import Rejected


class GiftLine(NamedTuple):
    """A line that can be sent. `number` counts from 1."""

    number: int
    key: bytes
    value: bytes


class BadLine(NamedTuple):
    """A line that the worker would refuse, and why."""

    number: int
    why: str


def read_gifts(lines: Iterable[bytes]) -> Iterator[GiftLine | BadLine]:
    """Yield what each line is, keyed by its stream_id; empty lines are passed over."""
    for number, line in enumerate(lines, start=1):
        value = line.strip()
        if value:
            yield _read(number, value)


def _read(number: int, value: bytes) -> GiftLine | BadLine:
    if len(value) > MAX_VALUE_BYTES:
        return BadLine(number, f"too_large: {len(value)} bytes, at most {MAX_VALUE_BYTES}")
    event = decode(value)
    if isinstance(event, Rejected):
        return BadLine(number, f"{event.reason}: {event.detail}")
    return GiftLine(number, event.stream_id.encode(), value)
