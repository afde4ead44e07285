"""Ending the old generation: its workers stop, and none can go on with its state. And how far it had come."""

from typing import Any, NamedTuple

import msgspec

from agents.output import Output
from app.connection import client_options
from app.engine.changelog import REPLACED_KEY
from app.engine.reader import LogReader
from app.engine.retire import retire
from app.errors import UsageError
from app.settings import Settings
from app.topology import Topic, topology
from schemas.partial import Progress
from schemas.replaced import NEVER_A_BOARD, replacement


class Past(NamedTuple):
    """What the partials of an app id tell: how far it has come, by partition, and which one has taken its place."""

    told_to: dict[int, int]
    replaced_by: str | None


async def past(replaced: Settings) -> Past:
    """Read it. `told_to` is the offset before which everything is counted and published."""
    positions: dict[int, int] = {}
    by: list[str] = []

    def take(record: Any) -> None:
        if record.key == REPLACED_KEY:
            by.append(record.value.decode())
        elif b"|" not in record.key and record.value is not None:
            told = msgspec.json.decode(record.value, type=Progress)
            positions[told.partition] = told.position

    await LogReader(client_options(replaced)).replay(topology(replaced).partials.name, 0, take)
    return Past(positions, by[-1] if by else None)


async def may_succeed(replaced: Settings, successor: str) -> None:
    """Raise UsageError if another app id than `successor` has taken the place already."""
    by = (await past(replaced)).replaced_by
    if by not in (None, successor):
        raise UsageError(f"App id {replaced.app_id} was replaced by {by}", do=f"Rebuild with --replaces {by}")


async def retire_generation(replaced: Settings, successor: str) -> None:
    """Have the broker refuse all further writes of the app id `replaced`, and its workers refuse to start.

    The partials come first: of two successors one finds the other there. Raises UsageError as `may_succeed`, and Fenced
    if the workers take their partitions back again and again.
    """
    names, connection = topology(replaced), client_options(replaced)

    def fence(topic: Topic, number: int) -> Output:
        return Output(topic.name, number, NEVER_A_BOARD, None, replacement(successor))

    async def agree() -> None:
        await may_succeed(replaced, successor)

    merge, place = f"{replaced.app_id}-merge", (names.partials.name, 0)
    await retire(merge, connection, place, successor, [fence(names.streams, 0)], agree)
    for number in range(replaced.partitions):
        fences = [fence(topic, number) for topic in (names.totals, names.gifters, names.spikes)]
        await retire(f"{replaced.app_id}-{number}", connection, (names.changelog.name, number), successor, fences)
