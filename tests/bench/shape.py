"""The events of the benchmark: made in bulk, the same bytes whenever shape, count and start are the same."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate
from typing import Final

EVENT_SECONDS: Final = 1_200
DISORDER_MS: Final = 3_000
DUPLICATES: Final = 0.01
ANONYMOUS: Final = 0.01
GIFTS: Final = 40
CHUNK: Final = 10_000
REGIONS: Final = ("US", "DE", "BR", "ID", "GB", "MX")
STRIDE: Final = 7_919
"""Shifts the gifters from stream to stream."""

LATER: Final = (100, 5_000)
"""A duplicate comes so many events after the original."""

VALUE: Final = (
    b'{"event_id":"tiktok:e%d","platform":"tiktok","stream_id":"%b","channel_id":"channel-%d",'
    b'"channel_name":"Channel of streamer %d","sender_id":%b,%b,"quantity":%d,"event_time_ms":%d,"phase":"single",'
    b'"kind":"gift","region":"%b","recipient_id":"streamer-%d","total_value":%d,"paid":true,"anonymous":%b}'
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Who gives to whom: streams by a Zipf law, each with gifters of its own or, for `own` 0, with all of them.

    `seconds` is how much event time passes. With `ever_new` no gifter gives twice: each gift is a row more.
    """

    name: str
    streams: int = 5_000
    gifters: int = 200_000
    own: int = 0
    duplicates: float = DUPLICATES
    seconds: float = EVENT_SECONDS
    ever_new: bool = False
    seed: int = 1


MANY: Final = Shape("many")
FEW: Final = Shape("few", own=5)
ROWS: Final = Shape("rows", duplicates=0, ever_new=True)


def events(shape: Shape, count: int, start_ms: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of `count` gifts: event time rises from `start_ms`, disordered by some seconds.

    All are single gifts; one in a hundred is anonymous, one in a hundred comes again as it was.
    """
    rng = random.Random(shape.seed)
    again: list[tuple[int, bytes, bytes]] = []
    fresh = _fresh(shape, rng, count, start_ms)
    for number in range(count):
        if again and again[0][0] <= number:
            yield heappop(again)[1:]
            continue
        key, value = next(fresh)
        if rng.random() < shape.duplicates:
            heappush(again, (number + rng.randint(*LATER), key, value))
        yield key, value


def _fresh(shape: Shape, rng: random.Random, count: int, start_ms: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield gifts, each new. Everything that costs is drawn a thousandfold."""
    streams, gifters, gifts = range(shape.streams), range(shape.own or shape.gifters), _catalogue(rng)
    of_streams, of_gifters, of_gifts = (zipf(len(one), by) for one, by in ((streams, 0.9), (gifters, 0.8), (gifts, 1)))
    step_ms = shape.seconds * 1000 / count
    for first in range(0, count, CHUNK):
        drawn = zip(
            range(first, first + CHUNK),
            rng.choices(streams, cum_weights=of_streams, k=CHUNK),
            rng.choices(gifters, cum_weights=of_gifters, k=CHUNK),
            rng.choices(gifts, cum_weights=of_gifts, k=CHUNK),
            rng.choices((1, 1, 1, 2, 3, 5, 10), k=CHUNK),
            rng.choices(range(DISORDER_MS), k=CHUNK),
            strict=True,
        )
        for number, stream, gifter, (gift, coins), quantity, early_ms in drawn:
            anonymous = number % 100 == int(100 * ANONYMOUS)
            if shape.own:
                gifter = (gifter + stream * STRIDE) % shape.gifters
            elif shape.ever_new:
                gifter = number
            event_ms = start_ms + int(number * step_ms) - early_ms
            sender = (
                b'null,"sender_name":null'
                if anonymous
                else b'"u%d","sender_name":"Gifter number %d"' % (gifter, gifter)
            )
            key = b"tiktok:live-%d" % stream
            yield key, VALUE % (
                number, key, stream, stream, sender, gift, quantity, event_ms, REGIONS[stream % 6].encode(), stream,
                coins * quantity, b"true" if anonymous else b"false",
            )  # fmt: skip


def _catalogue(rng: random.Random) -> list[tuple[bytes, int]]:
    """Return the JSON members of each gift, and its coins: the popular ones are the cheap ones."""
    coins = sorted(int(1.25**place * rng.uniform(1, 1.5)) for place in range(GIFTS))
    text = '"gift_id":"gift-%d","gift_name":%s,"unit_value":%d,"value_unit":"coin"'
    return [(text.encode() % (n, json.dumps(f"Gift {n}").encode(), value), value) for n, value in enumerate(coins)]


def zipf(count: int, exponent: float) -> list[float]:
    """Return cumulative weights of places 1 to `count` by a Zipf law."""
    return list(accumulate(place**-exponent for place in range(1, count + 1)))
