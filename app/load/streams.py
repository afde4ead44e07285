"""The live streams of a load: whose they are, where, and what is given there."""

from dataclasses import dataclass
from typing import Final

from aiokafka.partitioner import DefaultPartitioner

from app.load.catalogue import BITS, COINS, SUPER_CHATS, Gift
from app.load.options import LoadOptions

POPULARITY: Final = 1.05
"""Zipf exponent of how popular streams are: section 6 of reference/gifts.md."""

_EVERY: Final = 25
"""Of so many streams, one is on Twitch, in bits, and one on YouTube, in cents; the others are in coins."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One broadcast. `head` begins the JSON of its events, and `members` is its own part of it."""

    number: int
    stream_id: str
    key: bytes
    partition: int
    head: bytes
    members: bytes
    catalogue: tuple[Gift, ...]


def make_streams(options: LoadOptions) -> list[Stream]:
    """Return the streams of a load, the most popular first."""
    partitions = list(range(options.partitions))
    return [_stream(number, options, partitions) for number in range(options.streams)]


def _stream(number: int, options: LoadOptions, partitions: list[int]) -> Stream:
    platform, catalogue = _platform(number)
    stream_id = f"{platform}:{options.run}-{number + 1}"
    members = (
        f'"platform":"{platform}","stream_id":"{stream_id}","channel_id":"channel-{number + 1}",'
        f'"channel_name":"Channel {number + 1}"{_region(number, options.regions)}'
    )
    return Stream(
        number=number,
        stream_id=stream_id,
        key=stream_id.encode(),
        partition=DefaultPartitioner()(stream_id.encode(), partitions, partitions),
        head=f'{{"event_id":"{platform}:{options.run}-e'.encode(),
        members=members.encode(),
        catalogue=catalogue,
    )


def _platform(number: int) -> tuple[str, tuple[Gift, ...]]:
    if number % _EVERY == 7:
        return "twitch", BITS
    if number % _EVERY == 12:
        return "youtube", SUPER_CHATS
    return "tiktok", COINS


def _region(number: int, regions: tuple[str, ...]) -> str:
    if not regions or number % 10 == 9:
        return ""
    return f',"region":"{regions[number % len(regions)]}"'
