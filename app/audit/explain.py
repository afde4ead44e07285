"""Which records of the source log make up one board, or one member of it, and whether what is published is their sum.

The log is fed once, partition by partition, and recounted as for an audit. Each record that speaks of the board gives a
step: what became of it, why, and the total behind it.
"""

from typing import Literal

from msgspec import Struct

from app.audit.admission import SourceRecord
from app.audit.board_key import BoardKey, KeyProblem
from app.audit.calendar import Calendar
from app.audit.fate import Fate
from app.audit.memory import Keeper
from app.audit.namesakes import Namesakes
from app.audit.options import AuditOptions
from app.audit.recount import Recount
from app.audit.sketch import Sketch, sketch
from app.audit.step import Step, became, why
from app.audit.told import Sum, Told

Verdict = Literal["equal", "different", "unverifiable", "not published"]


class Conclusion(Struct, frozen=True):
    """What the records come to, and what is published.

    `records` is how many speak of the board, `total` what all of them come to. `at_position` is what they come to up to
    the offsets of `position`, which the published board names, and so what `published` must be.
    """

    key: str
    member: str | None
    verdict: Verdict
    records: int
    total: Sum
    position: dict[int, int]
    at_position: Sum
    published: Sum | None
    note: str

    def exit_code(self) -> int:
        """Return 0 if what is published is what the records come to; 1 if not, and if that could not be told."""
        return 0 if self.verdict == "equal" else 1


class OneBoard(Keeper):
    """Keeps the tally of one board, so that its sum can be told after its retention too."""

    def __init__(self, key: BoardKey) -> None:
        self._key = str(key)

    def keeps_board(self, key: str) -> bool:
        return key == self._key

    keeps_scope = keeps_board


class Explanation:
    """`open`, `feed` each record and `close` one partition after the other; then `conclude`.

    `member` is a gifter of a stream's board, or a stream of a scope's; None: all of it.
    """

    def __init__(self, key: BoardKey, member: str | None, told: Told, options: AuditOptions) -> None:
        self._key = key
        self._member = member
        self._told = told
        self._options = options
        self._calendar = Calendar(options.time_zone)
        self._namesakes = Namesakes(key, member, self._calendar)
        self._recount = Recount(options, -1)
        self._records = 0
        self._is_known = told.sum is not None
        self._closed = self._now = Sum()
        self._at: dict[int, Sum] = {}
        self._is_uncertain = False

    def open(self, partition: int, log_start: int) -> None:
        """Begin with a partition, whose log has lost what was before `log_start`."""
        self._recount = Recount(self._options, partition, log_start, OneBoard(self._key))

    def feed(self, record: SourceRecord) -> Step | None:
        """Apply the next record of the open partition; return a step if it speaks of the board."""
        recount = self._recount
        watermark, before = recount.watermark, self._now
        fate = recount.apply(record)
        self._now = self._sum()
        if record.offset <= self._told.position.get(recount.partition, -1):
            self._at[recount.partition] = self._now
        self._namesakes.note(fate)
        if self._is_of_another_stream(fate):
            return None
        told = sketch(record, fate.event)
        if not told.is_of(self._key, self._member, self._calendar):
            return None
        self._records += 1
        self._is_known = self._is_known or told.unit is not None
        return self._step(record, fate, told, watermark, before)

    def close(self) -> None:
        """End a partition."""
        self._closed, self._now = self._closed.plus(self._now), Sum()
        self._is_uncertain = self._is_uncertain or self._recount.is_uncertain(str(self._key))
        self._recount = Recount(self._options, -1)

    def conclude(self) -> Conclusion:
        """Compare what the records come to with what is published. Raises KeyProblem if there is neither."""
        if not self._is_known:
            raise KeyProblem(". ".join(filter(None, (self._namesakes.explain(), self._told.note))))
        at_position = Sum()
        for part in self._at.values():
            at_position = at_position.plus(part)
        return Conclusion(
            key=str(self._key),
            member=self._member,
            verdict=self._verdict(at_position),
            records=self._records,
            total=self._closed,
            position=dict(self._told.position),
            at_position=at_position,
            published=self._told.sum,
            note=self._told.note,
        )

    def _verdict(self, at_position: Sum) -> Verdict:
        told = self._told
        if not told.position:
            return "not published"
        if self._is_uncertain:
            return "unverifiable"
        if told.sum is None:
            is_below = told.lowest is not None and at_position.value <= told.lowest
            return "equal" if is_below or at_position == Sum() else "different"
        return "equal" if told.sum == at_position else "different"

    def _step(self, record: SourceRecord, fate: Fate, told: Sketch, watermark: int, before: Sum) -> Step:
        what, now = became(fate, self._key), self._now
        sends, value = (fate.sends, fate.value) if what == "counted" else (0, 0)
        reasons = [why(fate, self._key, self._recount, watermark)]
        if now.sends < before.sends + sends:
            reasons.append(f"the board begins anew: its retention was over, at a value of {before.value:,}")
        total = self._closed.plus(now)
        return Step(
            partition=self._recount.partition,
            offset=record.offset,
            append_time_ms=record.timestamp,
            event_time_ms=told.event_time_ms,
            event_id=told.event_id,
            sender_id=told.sender or None,
            gift_id=told.gift,
            became=what,
            why="; ".join(filter(None, reasons)),
            sends=sends,
            value=value,
            total_sends=total.sends,
            total_value=total.value,
        )

    def _is_of_another_stream(self, fate: Fate) -> bool:
        """Tell quickly, for most records."""
        event = fate.event
        return (
            event is not None
            and fate.what != "dead_letter"
            and not self._key.is_scope
            and event.stream_id != self._key.owner
        )

    def _sum(self) -> Sum:
        """Return what the records of the open partition have come to."""
        recount = self._recount
        tally = (recount.scopes if self._key.is_scope else recount.streams).get(str(self._key))
        if tally is None:
            return Sum()
        if self._member is None:
            return Sum(tally.sends, tally.value)
        line = tally.lines.get(self._member)
        return Sum() if line is None else Sum(line.sends, line.value)
