"""The load itself: gifts in order of event time, their messages in the order in which they are sent."""

import random
from collections import deque
from collections.abc import Iterator
from functools import partial
from heapq import heappop, heappush
from typing import Final

from app.load.answer import Answer
from app.load.crowd import Crowd
from app.load.delay import Delay
from app.load.maker import Maker
from app.load.message import Message, Send
from app.load.options import LoadOptions
from app.load.spikes import plan_spikes
from app.load.streaks import SHARE
from app.load.streams import make_streams

_MINUTE_MS: Final = 60_000
_REPLAYED: Final = (10, 20)
"""So many of a stream's last messages come again after a reconnect."""


class Simulation:
    """Gives each record once, in the order of `at_ms`, which is never before the event time inside.

    `answer` covers exactly the records given so far, so it stays right wherever the load is stopped. `spikes`
    are those that will be, if it goes on to the end.
    """

    def __init__(self, options: LoadOptions) -> None:
        self.options = options
        self.answer = Answer(options)
        self._rng = rng = random.Random(options.seed)
        streams = make_streams(options)
        self.spikes = plan_spikes(options, [stream.stream_id for stream in streams])
        self._crowd = Crowd(rng, options, streams, self.spikes)
        self._maker = Maker(rng, options.faults, {stream.catalogue for stream in streams})
        self._delay = Delay(rng, options.faults)
        self._recent: list[deque[Message]] = [deque(maxlen=_REPLAYED[1]) for _ in streams]
        self._waiting: list[tuple[int, int, Message]] = []
        self._clock = float(options.start_ms)
        self._end_ms = options.end_ms
        self._owed = 1
        self._queued = 0

    def __iter__(self) -> Iterator[Send]:
        return iter(partial(self.next, self.options.end_ms), None)

    @property
    def ended(self) -> bool:
        """Whether there will be no more."""
        return self.next_ms is None

    @property
    def next_ms(self) -> int | None:
        """When the next record is sent; None: never, the load has ended."""
        waiting, end_ms = self._waiting, self._end_ms
        while self._clock < end_ms and (not waiting or waiting[0][0] > self._clock):
            self._give()
        return waiting[0][0] if waiting and waiting[0][0] < end_ms else None

    def next(self, before_ms: int) -> Send | None:
        """Return the next record if it is to be sent before that time; None: not yet, or never."""
        at_ms = self.next_ms
        if at_ms is None or at_ms >= before_ms:
            return None
        _, _, message = heappop(self._waiting)
        self.answer.tell(message)
        self._repeat(at_ms, message)
        return Send(at_ms, message.key, message.value, message.stream.partition)

    def _give(self) -> None:
        """Let the next gift, or streak, begin."""
        self._move_clock()
        now = int(self._clock)
        stream, gift = self._crowd.choose()
        if self._rng.random() < self.options.faults.malformed:
            self._queue(now + self._delay(), self._maker.malformed(stream, gift, now))
            return
        sender = self._crowd.sender(stream)
        delay = self._delay()
        if gift.streakable and self._rng.random() < SHARE:
            for sent_ms, message in self._maker.streak(stream, gift, sender, now):
                self._queue(now + sent_ms + delay, message)
        else:
            self._queue(now + delay, self._maker.one(stream, gift, sender, now - self._age()))

    def _move_clock(self) -> None:
        """Let pass the time that the records queued since the last time stand for."""
        per_ms = self.options.rate * self._crowd.pace / 1000
        self._clock += self._rng.expovariate(per_ms / self._owed)
        self._owed = 0
        self._crowd.move(self._clock)

    def _age(self) -> int:
        """Return how old a gift is, in ms, before anything delays it: mostly 0."""
        faults = self.options.faults
        share = self._rng.random()
        if share < faults.late:
            return int(self._rng.uniform(2, 8) * _MINUTE_MS)
        if share < faults.late + faults.too_old:
            return self.options.horizon_ms + int(self._rng.uniform(1, 4) * _MINUTE_MS)
        return 0

    def _queue(self, at_ms: int, message: Message) -> None:
        self._owed += 1
        self._queued += 1
        heappush(self._waiting, (at_ms, self._queued, message))

    def _repeat(self, at_ms: int, message: Message) -> None:
        """Send the message once more, or the last ones of its stream after a reconnect, if so drawn."""
        faults = self.options.faults
        recent = self._recent[message.stream.number]
        recent.append(message)
        share = self._rng.random()
        if share < faults.duplicates:
            self._queue(at_ms + int(50 + 5_000 * self._rng.random()), message)
        elif share > 1 - faults.reconnects:
            for again in list(recent)[-self._rng.randint(*_REPLAYED) :]:
                self._queue(at_ms + 1_000, again)
