"""Records of a small source log, written by hand, and boards published by a recount of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.audit.admission import SourceRecord
from app.audit.compare import Log
from app.audit.expected import LocalTop, Place, gifters_board, local_top, streams_board, totals_board
from app.audit.options import AuditOptions, BoardKind
from app.audit.published import Published
from app.audit.recount import Recount

NOON = 1_700_049_600_000
"""2023-11-15T12:00:00Z, a whole minute, hour and half a day."""

OPTIONS = AuditOptions(partitions=2, partitioner="any", settle_seconds=0.0)

Json = dict[str, Any]


def gift(event_id: str = "1", at: int = NOON, **fields: Any) -> Json:
    """Return a GiftEvent of 5 coins from ana on stream s; `fields` replace what is there."""
    event: Json = {
        "event_id": f"tiktok:{event_id}",
        "platform": "tiktok",
        "stream_id": "tiktok:s",
        "channel_id": "chan",
        "sender_id": "ana",
        "gift_id": "rose",
        "unit_value": 5,
        "value_unit": "coin",
        "quantity": 1,
        "event_time_ms": at,
        "phase": "single",
    }
    return event | fields


def frame(event_id: str, quantity: int, at: int = NOON, **fields: Any) -> Json:
    """Return a frame of the streak k1, which has come to `quantity` gifts."""
    return gift(event_id, at, **{"quantity": quantity, "phase": "streak_update", "streak_id": "k1"} | fields)


def record(offset: int, event: Json, timestamp: int | None = None) -> SourceRecord:
    """Return the event as a record, appended at its event time unless told otherwise."""
    time = event["event_time_ms"] if timestamp is None else timestamp
    return SourceRecord(offset, time, event["stream_id"].encode(), orjson.dumps(event))


def log(*events: Json, start: int = 0) -> Log:
    """Return a log of the events at consecutive offsets."""
    return Log(start, [record(start + n, event) for n, event in enumerate(events)])


def recounted(*events: Json, options: AuditOptions = OPTIONS) -> Recount:
    """Return the recount of the events as partition 0."""
    recount = Recount(options, 0)
    for each in log(*events).records:
        recount.apply(each)
    return recount


@dataclass
class Topics:
    """What is on the board topics; tests alter it."""

    boards: dict[BoardKind, dict[str, list[Published]]] = field(
        default_factory=lambda: {"totals": {}, "gifters": {}, "streams": {}}
    )

    def publish(self, kind: BoardKind, key: str, body: Json | None, partition: int = 0) -> None:
        records = self.boards[kind].setdefault(key, [])
        value = None if body is None else orjson.dumps(body)
        records.append(Published(partition, len(records), value))

    def body(self, kind: BoardKind, key: str, at: int = -1) -> Json:
        body: Json = orjson.loads(self.boards[kind][key][at].value or b"")
        return body

    def replace(self, kind: BoardKind, key: str, body: Json | None, at: int = -1) -> None:
        records = self.boards[kind][key]
        records[at] = records[at]._replace(value=None if body is None else orjson.dumps(body))


class Publisher:
    """Publishes what a right pipeline would: each board that changed, whenever it is told to flush."""

    def __init__(self, options: AuditOptions = OPTIONS) -> None:
        self.topics = Topics()
        self.options = options
        self.parts: dict[str, dict[int, tuple[int, LocalTop]]] = {}

    def run(self, logs: Mapping[int, Log], flush_after: Iterable[tuple[int, int]] = ()) -> Topics:
        """Publish after the records named (partition, offset), and at the end of each partition."""
        flushes = set(flush_after)
        for partition, each in logs.items():
            recount = Recount(self.options, partition, each.start)
            published: dict[str, int] = {}
            for source in each.records:
                recount.apply(source)
                if (partition, source.offset) in flushes:
                    self._flush(recount, published)
            self._flush(recount, published)
        return self.topics

    def _flush(self, recount: Recount, published: dict[str, int]) -> None:
        for key, tally in recount.streams.items():
            if published.get(key) != tally.changed:
                published[key] = tally.changed
                place = Place(self.options.topics.source, {recount.partition: tally.changed}, is_final=False)
                self.topics.publish("totals", key, totals_board(tally, place), recount.partition)
                board = gifters_board(tally, place, self.options.top_n)
                self.topics.publish("gifters", key, board, recount.partition)
        for key, tally in recount.scopes.items():
            if published.get(key) != tally.changed:
                published[key] = tally.changed
                top = tally.changed, local_top(tally, self.options.top_n)
                self.parts.setdefault(key, {})[recount.partition] = top
                self._merge(tally.owner, key)

    def _merge(self, scope: str, key: str) -> None:
        parts = self.parts[key]
        place = Place(self.options.topics.source, {p: changed for p, (changed, _) in parts.items()}, is_final=False)
        tops = [top for _, top in parts.values()]
        self.topics.publish("streams", key, streams_board(scope, tops, place, self.options.top_n))
