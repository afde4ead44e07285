"""When and where a load has its spikes of engagement."""

from typing import Final, NamedTuple

from app.load.draw import zipf
from app.load.options import LoadOptions
from app.load.streams import POPULARITY

EVERY_MS: Final = 300_000
FIRST_MS: Final = 320_000
"""After the detector has warmed up. After ten minutes of history, the second comes 20 s later."""
LENGTH_MS: Final = 75_000
RECORDS_A_GIFT: Final = 2
"""On the mean, for streaks take several."""


class Spike(NamedTuple):
    """Many at once: the gifts of one stream come `factor` times as often, from gifters of all kinds."""

    stream: int
    stream_id: str
    start_ms: int
    end_ms: int
    factor: float


def plan_spikes(options: LoadOptions, stream_ids: list[str]) -> list[Spike]:
    """Return the spikes in order of time: at least one, unless the factor is 1."""
    if options.spike == 1:
        return []
    length = int(options.seconds * 1000)
    starts = range(FIRST_MS, length, EVERY_MS) if length > FIRST_MS + LENGTH_MS else (int(length * 0.55),)
    lasts = min(LENGTH_MS, length // 5)
    first = _first_stream(options)
    return [
        _spike(options, stream_ids, first + turn % 3, options.start_ms + start, lasts)
        for turn, start in enumerate(starts)
    ]


def _spike(options: LoadOptions, stream_ids: list[str], stream: int, start_ms: int, lasts_ms: int) -> Spike:
    stream %= options.streams
    return Spike(stream, stream_ids[stream], start_ms, start_ms + lasts_ms, options.spike)


def _first_stream(options: LoadOptions) -> int:
    """Return the most popular stream that leaves enough of the gifters for a spike to bring new ones."""
    weights = zipf(options.streams, POPULARITY)
    gifts_a_minute = options.rate * 60 / RECORDS_A_GIFT / sum(weights)
    for number, weight in enumerate(weights):
        if weight * gifts_a_minute <= options.gifters / 20:
            return number
    return options.streams - 1
