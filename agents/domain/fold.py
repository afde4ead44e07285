"""One record's whole way through one partition.

::

    record ─ check ─ dedup ─ streak delta ─┬─ windows (stream, gifter) ─ rank ─ boards
                │                          └─ engagement (spike, big gift)
                └─ dead letter

What a record changes depends on the records before it, and on nothing else: not on batches, clocks, cuts or crashes.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final, Literal

from mypy_extensions import i64

from agents.domain.account import Account
from agents.domain.board import AnyBoard
from agents.domain.board_index import BoardIndex
from agents.domain.boards import Boards
from agents.domain.check import Checker
from agents.domain.closing import Closing, closed_for_good
from agents.domain.dedup import Seen
from agents.domain.event import Event
from agents.domain.expiry import Expiry
from agents.domain.gaps import Gaps
from agents.domain.messages import Cut
from agents.domain.publication import Publication
from agents.domain.record import Record
from agents.domain.reject import Rejected, rejected
from agents.domain.rules import Rules
from agents.domain.schedule import LIMIT
from agents.domain.snapshots import Snapshots
from agents.domain.spikes import Spikes
from agents.domain.streaks import Streaks
from agents.domain.tables import Tables
from agents.domain.windows import Calendar
from schemas.partial import Ledger

Outcome = Literal["counted", "late", "unchanged", "duplicate"] | Rejected
PROGRESS: Final = "p"
FORGET_EVERY: Final = 16
"""In records, each of which adds at most a streak, and three rows of cells."""


class GiftFold:
    """The state machine of one partition. All that must outlive the process is in the tables."""

    def __init__(
        self, rules: Rules, partition: int, tables: Tables, quarantined: AbstractSet[int] = frozenset()
    ) -> None:
        """`quarantined` holds the offsets that the operator named. The tables may be loaded later, before `restore`."""
        self._rules = rules
        self._tables = tables
        self._account = Account()
        self._partition = partition
        self._checker = Checker(rules, partition, quarantined)
        self._horizon_ms: i64 = rules.horizon_ms
        self._seen = Seen(tables.seen, rules.horizon_ms)
        self._streaks = Streaks(tables.streaks, rules.horizon_ms)
        self._spikes = Spikes(rules, partition, tables.engagement, tables.tallies, tables.outbox)
        self._gaps = Gaps(partition, self._account.gaps)
        self._snapshots = Snapshots(rules, partition, self._gaps)
        self._publication = Publication(self._snapshots, tables.outbox)
        self._expiry = Expiry(tables)
        self._closing = Closing(tables.totals, self._expiry, rules.quiet_ms)
        self._calendar = Calendar(rules)
        self._index = BoardIndex(rules, self._calendar, tables, self._closing, self._expiry)
        self._boards = Boards(tables, self._index, self._closing, self._publication.pending)
        self._told: bytes | None = None
        self._changed = False
        self._admitted: i64 = 0

    @property
    def position(self) -> int:
        """The next offset to fold."""
        return self._account.position

    @property
    def watermark(self) -> int:
        """The highest min(event time, append time) so far, in ms."""
        return self._account.watermark

    @property
    def ledger(self) -> Ledger:
        """What became of the records so far."""
        return self._account.ledger()

    @property
    def ids_held(self) -> int:
        """How many event ids are remembered, those included that are past the horizon and not deleted yet."""
        return self._seen.held

    def fold(self, record: Record) -> Outcome:
        """Apply one record and say what became of it. Bad records are no exceptions; nothing is raised for them."""
        event = self._checker.check(record)
        account, offset = self._account, record.offset
        outcome: Outcome
        if self._gaps.open:
            self._gaps.bound(record.timestamp)
        if not isinstance(event, Event):
            account.dead_lettered += 1
            outcome = event
        elif event.event_time_ms < account.watermark - self._horizon_ms:
            account.dead_lettered += 1
            outcome = _TOO_OLD
        else:
            outcome = self._admit(event, offset, record.timestamp)
        account.position = offset + 1
        if not self._changed:
            self._changed = True
            self._tables.progress.put(PROGRESS, "", account)
        return outcome

    def restore(self, mark: int) -> None:
        """Take up what the tables hold; what changed at or after the offset `mark` is to be published again."""
        self._account = self._tables.progress.get(PROGRESS) or Account(position=mark)
        self._gaps = self._snapshots.gaps = Gaps(self._partition, self._account.gaps)
        self._seen.restore()
        self._streaks.restore()
        self._spikes.restore()
        self._publication.add((board for board in self._index.restore() if board.changed_to() >= mark), mark)

    def passed(self, end: int) -> None:
        """Go on at offset `end`: what lies before it was never meant to be counted."""
        self._account.position = end
        self._tables.progress.put(PROGRESS, "", self._account)

    def lost(self, begin: int, end: int) -> None:
        """Go on at offset `end`, without the records from `begin` on. Boards that may lack them say so from now on."""
        self._gaps.add(begin, end)
        self._account.position = end
        self._tables.progress.put(PROGRESS, "", self._account)

    def release(self) -> None:
        """Let go of the boards: nothing more is asked."""
        self._index.release()

    def cut(self, now_ms: int, idle: bool, min_interval_ms: int) -> Cut:
        """Close what is due, and return what to publish once the rows changed so far are durable.

        `now_ms` is the wall clock; on an idle partition it stands for the watermark, but only to make boards final.
        A board published less than `min_interval_ms` ago has to wait. The cut before must have been acknowledged,
        and the changed rows are to be taken from the families right after this one: a row that changes often is told
        to its family only once between two cuts.
        """
        self._boards.cut()
        self._seen.cut()
        self._streaks.cut()
        self._changed = False
        account = self._account
        account.spikes += self._spikes.cut()
        cut = Cut(account.watermark, account.position)
        closes = max(account.watermark, now_ms) if idle else account.watermark
        self._publication.add(self._closing.close(closes, account.position, LIMIT), account.position)
        self._publication.take(cut, now_ms, min_interval_ms)
        self._archive(self._closing.retired(cut.watermark, LIMIT), cut.watermark)
        cut.tombs = self._expiry.expired(cut.watermark, self._publication.pending)
        for tomb in cut.tombs:
            cut.messages.extend(self._publication.tombstones(tomb))
        self._tell_progress(cut)
        self._expiry.trickle(LIMIT)
        return cut

    def mark(self) -> int:
        """Return the offset below which every change has been published, at most `position`."""
        return self._publication.mark(self._account.position)

    def published(self, cut: Cut) -> None:
        """The messages of the cut are acknowledged: rows that only they needed are given up."""
        self._publication.acknowledge(cut)
        self._archive(cut.boards, cut.watermark)
        for tomb in cut.tombs:
            if self._expiry.is_over(tomb, cut.watermark):
                self._expiry.remove(tomb)
                self._index.forget(tomb)

    def _admit(self, event: Event, offset: i64, append_ms: i64) -> Outcome:
        """Advance the watermark and count the event; all its judgements are by the watermark before."""
        account = self._account
        watermark = account.watermark
        at_ms: i64 = event.event_time_ms
        account.watermark = max(watermark, min(at_ms, append_ms))
        self._spikes.advance(watermark, offset)
        self._admitted += 1
        if self._admitted % FORGET_EVERY == 0:
            self._forget(watermark)
        if self._seen.remembered(event.stream_id, event.event_id, watermark):
            account.duplicates += 1
            return "duplicate"
        self._seen.remember(event.stream_id, event.event_id, max(at_ms, watermark), offset)
        return self._count(event, offset, watermark)

    def _forget(self, watermark: i64) -> None:
        """Delete what is past: more than was added since the last time, but not so much that a run is flooded."""
        self._seen.forget(watermark)
        self._streaks.forget(watermark, 2 * FORGET_EVERY)
        self._expiry.trickle(4 * FORGET_EVERY)

    def _count(self, event: Event, offset: i64, watermark: i64) -> Outcome:
        account = self._account
        quantity: i64 = event.quantity
        value = value_of(event)
        if event.phase != "single":
            quantity, value = self._streaks.gain(event, value, watermark)
            if not quantity and not value:
                account.unchanged += 1
                return "unchanged"
        late = self._calendar.is_late(event.event_time_ms, watermark)
        self._boards.count(event, quantity, value, offset, late, watermark)
        account.big_gifts += self._spikes.observe(event, quantity, value, offset, watermark)
        account.counted += 1
        if late:
            account.late += 1
            return "late"
        return "counted"

    def _archive(self, boards: Iterable[AnyBoard], watermark: int) -> None:
        for board in boards:
            unpublished = self._publication.holds(board)
            if not unpublished and not board.row.archived and closed_for_good(board, watermark):
                self._expiry.archive(board)

    def _tell_progress(self, cut: Cut) -> None:
        """The progress comes last: who reads it has seen the boards that it speaks of."""
        value = self._snapshots.progress(self._publication.left(self.position), self._account)
        if value != self._told:
            self._told = value
            cut.progress = True
            cut.messages.append(("partials", str(self._partition), value))


def value_of(event: Event) -> i64:
    """Return what an event brings in native units; inside a streak, up to now. Nothing if it was not paid."""
    if not event.paid:
        return 0
    return event.unit_value * event.quantity if event.total_value is None else event.total_value


_TOO_OLD: Final = rejected(
    "too_old",
    "$.event_time_ms: behind the watermark by more than the horizon",
    "events within the horizon",
    "send gifts as they happen, or count from an empty state",
)
