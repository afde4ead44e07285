"""The engagement of one partition's streams: which are watched, and what is told about them.

Only streams where something can happen without another gift are awake; when the watermark passes a 5 s boundary, those
are evaluated where it may. The others are caught up when next given to, which comes to the same. When very many have
something to tell at once, as after an outage of a platform, they do at the next records, in the same order.
"""

from typing import Any, Final

import orjson

from agents.domain.changed import enter
from agents.domain.detector import Moment, evaluate, next_evaluation
from agents.domain.engagement import ANONYMOUS, BUCKET_MS, BucketTally, Engagement, Tally, begin, forgotten, note
from agents.domain.event import Event
from agents.domain.growth import Growth
from agents.domain.rules import Rules
from agents.domain.small_rows import Outgoing
from agents.domain.tables import FamilyT

SWEEP_MS: Final = 600_000
ROW_BYTES: Final = 200
TALLY_BYTES: Final = 200
GIFTER_BYTES: Final = 12
"""What a gifter takes in a tally beside the id, at most."""

AT_ONCE_BYTES: Final = 32 * 1024
"""Of the rows that one record tells for streams other than its own, before the next one has to: a run is looked at
every few records, and what these add to a full one must fit."""

NO_GIFT_IS_BIG: Final = 2**63


class Spikes:
    """Finds spikes and big gifts in one partition and leaves what is to be published in the outbox.

    Call `advance` with the watermark before each record, `observe` for each counted gift, `restore` once the
    families were loaded. What is found depends on the records and their order only.
    """

    __slots__ = (
        "_at",
        "_awake",
        "_changed_rows",
        "_changed_tallies",
        "_due",
        "_engagement",
        "_forgotten",
        "_growth",
        "_next_ms",
        "_outbox",
        "_partition",
        "_row_of",
        "_rows",
        "_rules",
        "_run",
        "_started",
        "_sweep_ms",
        "_tallies",
        "_tally_rows",
        "_thresholds",
        "_told",
    )

    def __init__(
        self,
        rules: Rules,
        partition: int,
        engagement: FamilyT[Engagement],
        tallies: FamilyT[BucketTally],
        outbox: FamilyT[Outgoing],
    ) -> None:
        self._rules = rules
        self._partition = str(partition)
        self._engagement = engagement
        self._rows: dict[str, dict[str, Engagement]] = engagement.groups
        self._row_of: dict[str, Engagement] = {}
        self._tally_rows: dict[str, dict[str, BucketTally]] = tallies.groups
        self._tallies = tallies
        self._changed_rows = engagement.changed
        self._changed_tallies = tallies.changed
        self._growth = Growth(tallies)
        self._run = self._started = 0
        self._outbox = outbox
        self._awake: set[str] = set()
        self._at = 0
        self._due: list[str] = []
        self._forgotten: list[str] = []
        self._told = 0
        self._thresholds: dict[str, int] = {}
        self._next_ms = 0
        self._sweep_ms = 0

    def restore(self) -> None:
        """Rebuild what is not in the rows: which tallies they hold, and which streams are awake."""
        for stream, _, row in self._engagement:
            for tally in row.recent.values():  # of a row of version 1
                self._keep(stream, tally)
            row.hold(self._tallies.groups.get(stream, {}))
        self._row_of = {stream: row for stream, _, row in self._engagement}
        self._awake = {stream for stream, _, row in self._engagement if row.restless}
        self._at = self._next_ms = 0

    def advance(self, watermark: int, offset: int) -> None:
        """Evaluate what the watermark (ms) has passed, before the record at `offset` is applied.

        `offset` is the position of what is told.
        """
        if watermark < self._next_ms:
            return
        at = watermark // BUCKET_MS
        if at != self._at:
            self._at = at
            self._due = [stream for stream in self._awake if self._is_due(stream, at)]
            self._due.sort(reverse=True)
        if watermark >= self._sweep_ms:
            self._sweep_ms = watermark + SWEEP_MS
            self._forgotten = [stream for stream, _, row in self._engagement if forgotten(row, at)]
        self._work_off(at, offset)
        if not self._due and not self._forgotten:
            self._next_ms = (at + 1) * BUCKET_MS

    def observe(self, event: Event, quantity: int, value: int, offset: int, watermark: int) -> int:
        """Take in a counted gift that adds `quantity` and `value`. Returns how many big gifts it is: 0 or 1."""
        stream = event.stream_id
        at = watermark // BUCKET_MS
        bucket = event.event_time_ms // BUCKET_MS
        row = self._row(stream)
        if row is None or forgotten(row, at):
            self._tallies.drop(stream)
            row = begin(bucket, at)
            self._rows.setdefault(stream, {})[""] = self._row_of[stream] = row
        elif row.at < at:
            self._catch_up(stream, row, at, offset)
        unit, crowd = event.value_unit, row.crowd
        gifter = event.sender_id or ANONYMOUS
        tally = note(row, gifter, bucket, unit, quantity, value)
        self._changes(stream, row)
        if tally is not None and tally.run != self._run:
            self._keep(stream, tally)
        elif row.crowd > crowd:
            size = GIFTER_BYTES + len(gifter)
            self._growth.add(2 * size if row.spike else size)
        if row.restless and stream not in self._awake:
            self._awake.add(stream)
        threshold = self._thresholds.get(unit)
        if threshold is None:
            threshold = self._thresholds[unit] = self._threshold(unit)
        if value < threshold:
            return 0
        self._tell_big_gift(event, quantity, value, offset)
        return 1

    def cut(self) -> int:
        """The changed rows are about to be taken: each row's next change is told to the family again.

        Returns how many spikes have started since the cut before; one that resumes within its cool-down is told as a
        start under its old id, and is not a new one.
        """
        self._run += 1
        self._growth.cut()
        started, self._started = self._started, 0
        return started

    def _row(self, stream: str) -> Engagement | None:
        """Return what the family would, without a call out of compiled code, and at once."""
        return self._row_of.get(stream)

    def _changes(self, stream: str, row: Engagement) -> None:
        """Tell a change of the row, if it is the first one in this run."""
        if row.run != self._run:
            row.run = self._run
            enter(self._changed_rows, stream, "", row)
            self._growth.add(_size(row))

    def _keep(self, stream: str, tally: BucketTally) -> None:
        """Tell a change of a tally, the first one in this run.

        Its slot may have been that of one that has left W: with this change goes that of the row, which says so.
        """
        if tally.run < 0:  # new, or just loaded
            self._tally_rows.setdefault(stream, {})[tally.slot] = tally
        tally.run = self._run
        enter(self._changed_tallies, stream, tally.slot, tally)
        self._growth.add(_tally_size(tally))

    def _threshold(self, unit: str) -> int:
        return self._rules.big_gift.get(unit.partition(":")[0], NO_GIFT_IS_BIG)

    def _work_off(self, at: int, offset: int) -> None:
        """Evaluate streams that are due, then delete forgotten ones, as many as one record may."""
        self._told = 0
        while self._due and self._told < AT_ONCE_BYTES:
            self._evaluate_awake(self._due.pop(), at, offset)
        while self._forgotten and self._told < AT_ONCE_BYTES:
            self._forget(self._forgotten.pop(), at)

    def _is_due(self, stream: str, at: int) -> bool:
        row = self._row(stream)
        return row is None or next_evaluation(row) <= at

    def _evaluate_awake(self, stream: str, at: int, offset: int) -> None:
        row = self._row(stream)
        if row is not None:
            self._catch_up(stream, row, at, offset)
        if row is None or not row.restless:
            self._awake.discard(stream)

    def _catch_up(self, stream: str, row: Engagement, at: int, offset: int) -> None:
        """Evaluate up to the boundary `at`. Only what is told need be kept: the rest would be found again."""
        while (due := next_evaluation(row)) <= at:
            moment = evaluate(row, due)
            if moment is not None:
                self._tell_spike(stream, row, moment, offset)
        row.reach(at)

    def _forget(self, stream: str, at: int) -> None:
        """Delete rows that would be begun anew if their stream were given to, unless it was meanwhile."""
        row = self._row(stream)
        if row is None or not forgotten(row, at):
            return
        self._told += ROW_BYTES + TALLY_BYTES * len(self._tallies.groups.get(stream, ()))
        self._engagement.delete(stream)
        del self._row_of[stream]
        self._tallies.drop(stream)
        self._awake.discard(stream)

    def _tell_spike(self, stream: str, row: Engagement, moment: Moment, offset: int) -> None:
        spike = row.spike
        assert spike is not None
        started_ms = spike.started * BUCKET_MS
        update = {
            "kind": "spike",
            "spike_id": f"{stream}|spike|{started_ms}",
            "stream_id": stream,
            "phase": moment.phase,
            "started_ms": started_ms,
            "as_of_ms": moment.at * BUCKET_MS,
            "gifters": moment.gifters,
            "expected": round(moment.expected, 2),
            "score": round(moment.score, 2),
            "severity": spike.severity,
            "peak_gifters": spike.peak,
            "values": spike.tally.values,
            "sends": spike.tally.sends,
            "top": [{"id": gifter, "sends": sends} for gifter, sends in spike.tally.top()],
            "cause": moment.cause,
            "position": self._position(offset),
        }
        size = _size(row)
        self._told += size
        if moment.phase == "start" and row.run == self._run:  # told when the row had no spike yet
            self._growth.add(size - ROW_BYTES)
        self._changes(stream, row)
        self._send(update, offset)
        self._started += moment.phase == "start" and spike.started == moment.at

    def _tell_big_gift(self, event: Event, quantity: int, value: int, offset: int) -> None:
        gift = {
            "kind": "big_gift",
            "spike_id": f"{event.stream_id}|big_gift|{event.event_id}",
            "stream_id": event.stream_id,
            "event_id": event.event_id,
            "sender_id": event.sender_id,
            "sender_name": event.sender_name,
            "gift_id": event.gift_id,
            "gift_name": event.gift_name,
            "unit": event.value_unit,
            "value": value,
            "quantity": quantity,
            "event_time_ms": event.event_time_ms,
            "position": self._position(offset),
        }
        self._send(gift, offset)

    def _position(self, offset: int) -> dict[str, Any]:
        return {"topic": self._rules.source_topic, "offsets": {self._partition: offset}}

    def _send(self, update: dict[str, Any], offset: int) -> None:
        payload = orjson.dumps(update)
        spike_id = update["spike_id"]
        size = len(payload) + len(spike_id) + 32
        self._told += size
        self._outbox.put(spike_id, "", Outgoing(offset, payload), size)


def _size(row: Engagement) -> int:
    """Estimate the encoded bytes of a row and its key."""
    return ROW_BYTES if row.spike is None else ROW_BYTES + _tally_size(row.spike.tally)


def _tally_size(tally: Tally) -> int:
    return TALLY_BYTES + GIFTER_BYTES * len(tally.gifters) + sum([len(gifter) for gifter in tally.gifters])
