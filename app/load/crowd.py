"""Who gives what to whom, at which pace, inside spikes and outside."""

import random
from collections import deque
from typing import Final

from app.load.catalogue import Gift
from app.load.draw import Draw, zipf
from app.load.options import LoadOptions
from app.load.spikes import Spike
from app.load.streams import POPULARITY, Stream

_FAVOURITES: Final = 5_000
"""So many of the gifters give to one stream, outside its spikes."""

_GENEROSITY: Final = 1.2
"""Zipf exponent of a stream's gifters: 20% give nearly all. Section 6 of reference/gifts.md."""

_STRIDE: Final = 7_919
"""Shifts the most generous gifter from stream to stream."""


class Crowd:
    """Draws stream, gift and sender. `pace` is by what factor more is given than outside spikes."""

    def __init__(self, rng: random.Random, options: LoadOptions, streams: list[Stream], spikes: list[Spike]) -> None:
        self._rng = rng
        self._options = options
        self._streams = streams
        self._weights = zipf(options.streams, POPULARITY)
        favourites = min(options.gifters, _FAVOURITES)
        self._rank = Draw(rng, range(favourites), zipf(favourites, _GENEROSITY))
        catalogues = {stream.catalogue for stream in streams}
        self._gift = {of: Draw(rng, of, [gift.weight for gift in of]) for of in sorted(catalogues, key=str)}
        self._to_come = deque(spikes)
        self._until = 0
        self._set_spike(None)

    def move(self, now_ms: float) -> None:
        """Let time come to `now_ms`: a spike may begin or end."""
        if self._to_come and now_ms >= self._to_come[0].start_ms:
            self._set_spike(self._to_come.popleft())
        elif self._until and now_ms >= self._until:
            self._set_spike(None)

    def choose(self) -> tuple[Stream, Gift]:
        """Return where the next gift is given, and which."""
        stream = self._stream()
        return stream, self._gift[stream.catalogue]()

    def sender(self, stream: Stream) -> bytes:
        """Return the JSON members that name the gifter. A spike brings gifters of all kinds."""
        random = self._rng.random
        if random() < self._options.anonymous:
            return b'"sender_id":null,"anonymous":true'
        gifters = self._options.gifters
        if stream.number == self._spiking:
            number = int(random() * gifters)
        else:
            number = (self._rank() + stream.number * _STRIDE) % gifters
        return b'"sender_id":"gifter-%d","sender_name":"Gifter %d"' % (number, number)

    def _set_spike(self, spike: Spike | None) -> None:
        weights = list(self._weights)
        self._spiking, self._until = (spike.stream, spike.end_ms) if spike else (-1, 0)
        if spike:
            weights[spike.stream] *= spike.factor
        self.pace = sum(weights) / sum(self._weights)
        self._stream = Draw(self._rng, self._streams, weights)
