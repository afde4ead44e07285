"""Gifts sent at a steady rate, each with the time of its call as event time.

They are sent as Kafka's own producer does unless it is told otherwise: uncompressed, and lingering for 5 ms, its
default since Kafka 4.0 (KIP-1030). With 1 ms, thousands of requests a second for one or two gifts each kept the broker
busy.
"""

import json
import time
from collections import defaultdict
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from tests.bench.fill import SETTINGS
from tests.bench.shape import MANY, Shape, events

PART: Final = b'"event_time_ms":'
DIGITS: Final = 13
MINUTE_MS: Final = 60_000
AT_ONCE_SECONDS: Final = 0.001
SENDING: Final = {"linger.ms": 5, "compression.type": "none"}


class Sent(NamedTuple):
    """A gift that was sent: its stream, its minute, its stream's sends in that minute so far, where it is, and when."""

    stream: str
    minute_ms: int
    sends: int
    offset: int
    at: float


class Steady:
    """Sends for some seconds, and keeps what was sent after the warm-up."""

    def __init__(self, broker: str, topic: str, rate: int, seconds: float) -> None:
        self._producer = Producer(SETTINGS | SENDING | {"bootstrap.servers": broker})
        self._topic, self._rate, self._seconds = topic, rate, seconds
        self._gifts = _prepared(int(rate * seconds))
        self._sends: defaultdict[tuple[bytes, int], int] = defaultdict(int)
        self.sent: list[Sent] = []

    def run(self, warm_up: float) -> None:
        """Send all; return when all is acknowledged."""
        started = time.time()
        for number, gift in enumerate(self._gifts):
            due = number / self._rate
            while (pause := started + due - time.time()) > AT_ONCE_SECONDS:
                self._producer.poll(pause)
            self._send(gift, keep=due > warm_up)
            if number % 100 == 0:
                self._producer.poll(0)
        self._producer.flush(30)

    def _send(self, gift: tuple[bytes, bytes, bytes, int], keep: bool) -> None:
        key, head, tail, quantity = gift
        at = time.time()
        now_ms = int(at * 1000)
        minute_ms = now_ms // MINUTE_MS * MINUTE_MS
        self._sends[key, minute_ms] += quantity
        sends = self._sends[key, minute_ms]

        def told(error: KafkaError | None, message: Message) -> None:
            if error is None and keep:
                self.sent.append(Sent(key.decode(), minute_ms, sends, message.offset() or 0, at))

        self._producer.produce(self._topic, b"%b%d%b" % (head, now_ms, tail), key, on_delivery=told)


def _prepared(count: int) -> list[tuple[bytes, bytes, bytes, int]]:
    """Return keys, values without their event time, and quantities; none is a duplicate."""
    shape = Shape(MANY.name, duplicates=0, seed=int(time.time()))
    made = []
    for key, value in events(shape, count, start_ms=2 * 10**12):
        head, found, tail = value.partition(PART)
        made.append((key, head + found, tail[DIGITS:], json.loads(value)["quantity"]))
    return made
