"""Every published board against the recount, at the log position that the board names itself.

The source log is fed once, partition by partition, and not held: a claim waits under its position until the
recount has applied that very record. Boards of streams take one part from each partition and are compared when all
are there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.audit.admission import SourceRecord
from app.audit.claims import Claims
from app.audit.difference import difference
from app.audit.due import Due, last_changes, require, still_due
from app.audit.expected import gifters_board, local_top, streams_board, totals_board
from app.audit.memory import Keeper
from app.audit.options import AuditOptions
from app.audit.published import Boards, Claim
from app.audit.recount import Recount
from app.audit.report import Report
from app.audit.state import State
from app.audit.state_check import RowKeeper, StateCheck
from app.audit.state_verdicts import StateVerdicts
from app.audit.tally import Tally
from app.audit.verdicts import Verdicts


class Log(NamedTuple):
    """The records of one partition in offset order, and the first offset that the broker still has."""

    start: int
    records: Iterable[SourceRecord]


def compare(
    logs: Mapping[int, Log],
    boards: Boards,
    committed: Mapping[int, int],
    options: AuditOptions,
    states: Mapping[int, State] | None = None,
) -> Report:
    """Recount each partition; return what the published boards, and the rows of state if given, have wrong."""
    comparison = Comparison(boards, committed, options)
    for partition, log in logs.items():
        comparison.open(partition, log.start, None if states is None else states[partition])
        for record in log.records:
            comparison.feed(record)
        comparison.close()
    return comparison.finish()


class Comparison:
    """`open`, `feed` each record and `close` one partition after the other; then `finish`.

    `committed` is the next offset of each partition before which everything has been published. It must have
    been read before the boards were, and each log must be fed to an end that was read after them.
    """

    def __init__(self, boards: Boards, committed: Mapping[int, int], options: AuditOptions) -> None:
        self._options = options
        self._committed = committed
        self._verdicts = Verdicts(options.topics, Report(positions=dict(committed)))
        self._claims = Claims(boards, options.topics.source, self._verdicts)
        self._starts: dict[int, int] = {}
        self._due_scopes: dict[str, dict[int, Due]] = defaultdict(dict)
        self._newest = 0
        self._open: _OpenPartition | None = None

    def open(self, partition: int, log_start: int, state: State | None = None) -> None:
        """Begin with a partition, whose log has lost what was before `log_start`.

        `state` are the rows of its changelog, if they are to be compared too. They must have been read after the
        committed positions, and before the end of the log.
        """
        self._starts[partition] = log_start
        recount = Recount(self._options, partition, log_start, Keeper() if state is None else RowKeeper(state))
        self._open = _OpenPartition(recount, self._committed.get(partition, 0), self._verdicts)
        if state is not None:
            verdicts = StateVerdicts(self._options.topics.changelog, partition, self._verdicts.report)
            self._open.check = StateCheck(state, recount, verdicts, self._committed.get(partition, 0))

    def feed(self, record: SourceRecord) -> None:
        """Apply the next record of the open partition, and compare what claims to be the answer for it."""
        partition = self._opened()
        partition.apply(record)
        for claim in self._claims.take(partition.recount.partition, record.offset):
            if not claim.is_settled:
                partition.judge(claim, record.offset)

    def close(self, log_end: int = 0) -> None:
        """End a partition: what was due and is not published is missing or stale.

        `log_end` is the end of its log, where that is not right behind the last record.
        """
        partition = self._opened()
        if partition.check is not None:
            partition.check.finish(log_end)
        streams, scopes = partition.due()
        number, watermark = partition.recount.partition, partition.recount.watermark
        self._newest = max(self._newest, watermark)
        for key, due in streams.items():
            require("totals", key, {number: due}, watermark, self._claims, self._verdicts)
            require("gifters", key, {number: due}, watermark, self._claims, self._verdicts)
        for key, due in scopes.items():
            self._due_scopes[key][number] = due
        self._verdicts.report.records.add(partition.recount.counts)
        self._open = None

    def finish(self) -> Report:
        """Return the report, once every partition has been closed."""
        for key, due in self._due_scopes.items():
            require("streams", key, due, self._newest, self._claims, self._verdicts)
        for partition, offset, claim in self._claims.left():
            if offset < self._starts.get(partition, 0):
                self._verdicts.unverifiable(claim)
            else:
                self._verdicts.denied(claim, partition, offset)
        return self._verdicts.report

    def _opened(self) -> "_OpenPartition":
        if self._open is None:
            raise RuntimeError("no partition is open")
        return self._open


class _OpenPartition:
    """One partition while it is recounted."""

    def __init__(self, recount: Recount, committed: int, verdicts: Verdicts) -> None:
        self.recount = recount
        self._committed = committed
        self._verdicts = verdicts
        self.check: StateCheck | None = None
        self._changes: tuple[dict[str, int], dict[str, int]] | None = None

    def apply(self, record: SourceRecord) -> None:
        if record.offset >= self._committed:
            self._note_changes()
        if self.check is not None:
            self.check.before(record.offset)
        fate = self.recount.apply(record)
        if self.check is not None:
            self.check.note(record.offset, fate)

    def due(self) -> tuple[dict[str, Due], dict[str, Due]]:
        """Return the boards of streams, and the parts of scopes, that must have been published."""
        streams, scopes = self._note_changes()
        recount = self.recount
        return still_due(streams, recount, recount.streams), still_due(scopes, recount, recount.scopes)

    def judge(self, claim: Claim, offset: int) -> None:
        """Compare a claim with the recount, right after the record at `offset`, which it names."""
        recount = self.recount
        tally = (recount.scopes if claim.kind == "streams" else recount.streams).get(claim.key)
        if recount.is_uncertain(claim.key) or (recount.has_lost and "incomplete" in claim.body):
            self._verdicts.unverifiable(claim)
        elif tally is None or tally.changed != offset:
            self._verdicts.denied(claim, recount.partition, offset)
        elif claim.kind == "streams":
            self._take_part(claim, tally)
        else:
            self._compare(claim, tally)

    def _compare(self, claim: Claim, tally: Tally) -> None:
        if claim.partition != self.recount.partition:
            detail = f"record's partition: expected {self.recount.partition}, found {claim.partition}"
            self._verdicts.compared(claim, detail)
            return
        if claim.kind == "totals":
            expected = totals_board(tally, claim.place)
        else:
            expected = gifters_board(tally, claim.place, self.recount.options.top_n)
        self._verdicts.compared(claim, difference(expected, claim.body))

    def _take_part(self, claim: Claim, tally: Tally) -> None:
        """Keep what this partition says on a board of streams; compare the board when all have been heard."""
        top_n = self.recount.options.top_n
        claim.parts[self.recount.partition] = local_top(tally, top_n)
        if len(claim.parts) == len(claim.place.offsets):
            expected = streams_board(tally.owner, list(claim.parts.values()), claim.place, top_n)
            self._verdicts.compared(claim, difference(expected, claim.body))

    def _note_changes(self) -> tuple[dict[str, int], dict[str, int]]:
        """Remember, once, how the recount stood at the committed position."""
        if self._changes is None:
            recount = self.recount
            self._changes = last_changes(recount, recount.streams), last_changes(recount, recount.scopes)
        return self._changes
