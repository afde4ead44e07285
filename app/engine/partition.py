"""One source partition: its records are folded, its changed rows go out as runs, its outputs follow.

A flush encodes the changed rows and a commit row into one record batch, which Kafka keeps whole or not at all. One
run is in flight at a time; folding goes on meanwhile, and waits when the next run is full.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol

from app.engine.changelog import changed_rows
from app.engine.clock import Clock
from app.engine.commit import FORMAT, Commit, commit_row, record_hash
from app.engine.continuity import Continuity
from app.engine.errors import Poisoned, UnexpectedOffset
from app.engine.machine import Machine, Output
from app.engine.observer import Observer
from app.engine.pace import PACE_SECONDS
from app.engine.rows import Pressure, Rows
from app.engine.runs import Run
from app.engine.turns import Turns

RUN_BYTES: Final = 4 * 1024 * 1024
"""Estimated size at which a run is full. The estimate is of the rows' encoded size."""

SLICE_SECONDS: Final = 0.01
"""How long folding may hold the event loop."""

SLICE_RECORDS: Final = 16
"""Records between two looks at the clock and at the size of the run: what they add must fit above RUN_BYTES."""

EARLY: Final = -1
LATE: Final = 1
"""The sides of the interval at which a run is cut: at the earliest, right behind a fold, or at the latest."""

SLACK_MS: Final = 1000 * PACE_SECONDS / 2
"""How far they are from it, a quarter of the interval at most: half of what two fetches are apart at least."""

_offset = attrgetter("offset")


class Log(Protocol):
    """Where a partition's rows and outputs go: the fenced producer, bound to its changelog partition."""

    async def append(self, rows: Rows, now_ms: int) -> int: ...

    async def publish(self, outputs: Sequence[Output], now_ms: int) -> None: ...

    async def renew_if_due(self, end: int) -> int: ...


@dataclass(frozen=True, slots=True)
class FlushOptions:
    """When a run is cut. All times in ms."""

    every_ms: int = 50
    behind_every_ms: int = 2000
    behind_ms: int = 1000
    idle_ms: int = 30_000


class Identity(NamedTuple):
    """What a commit row must agree with: the partition count and a hash of the settings that decide the counting."""

    partitions: int
    settings: str


class _Cut(NamedTuple):
    rows: Rows
    before: list[Output]
    after: Sequence[Output]
    word: Output | None
    token: Any
    commit: Commit


class Partition:
    """The life of one owned partition between recovery and revocation.

    `commit` is the last commit row in the changelog, `start` the offset at which the source goes on.
    `next_changelog` is the offset that the next run must be kept at, and `committed` the position of the last
    acknowledged run whose outputs are published.
    """

    def __init__(
        self,
        number: int,
        machine: Machine,
        pressure: Pressure,
        log: Log,
        identity: Identity,
        *,
        commit: Commit | None = None,
        start: int = 0,
        next_changelog: int = 0,
        options: FlushOptions,
        clock: Clock,
        observer: Observer | None = None,
        turns: Turns | None = None,
    ) -> None:
        self.number = number
        self.machine = machine
        self.log = log
        self.continuity = Continuity(start)
        self.committed = self.position
        self.next_changelog = next_changelog
        self.highwater: int | None = None
        self.frozen = False
        self.observer = observer or Observer()
        self._turns = turns or Turns()
        self._pressure = pressure
        self._identity = identity
        self._options = options
        self._clock = clock
        self._last = (commit.last_offset, commit.last_hash) if commit else (-1, b"")
        self._last_record: Any = None
        self._durable = self.position
        self._before: list[Output] = []
        self._word: Output | None = None
        self._folded_ms = clock.now_ms()
        self._asked_at = clock.monotonic()
        self._failure: BaseException | None = None
        self._flushing = asyncio.Lock()
        self._folding = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()

    @property
    def lag(self) -> int | None:
        """Records known to lie ahead, or None when the log's end is not known yet."""
        return None if self.highwater is None else max(0, self.highwater - self.position)

    @property
    def position(self) -> int:
        """The next offset to fold."""
        return self.continuity.position

    async def fold(self, run: Run) -> None:
        """Fold the records of a run that goes on at `position`; older ones are passed over.

        Returns early when the partition is frozen: the rest is read again by its next owner.
        """
        async with self._folding:
            self.highwater = run.highwater
            if self.continuity.goes_on(run) and await self._fold_records(run.records):
                self._pass(run.end)
                if self._due_in(EARLY) <= 0:
                    self._wanted.set()

    def pass_over(self, begin: int, end: int, highwater: int | None) -> None:
        """Nothing a reader may see lies from `begin` to `end`; go on at `end` if all before it is folded."""
        if begin == self.position and not self._folding.locked():
            self._pass(end)
            self.highwater = highwater

    def _pass(self, end: int) -> None:
        if end > self.position:
            self.continuity.position = end
            self.machine.passed(end)

    async def _fold_records(self, records: Sequence[Any]) -> bool:
        monotonic = self._clock.monotonic
        begun, waited = monotonic(), 0.0
        until = begun + SLICE_SECONDS
        first = bisect_left(records, self.position, key=_offset)
        for at in range(first, len(records), SLICE_RECORDS):
            if self._pressure.bytes >= RUN_BYTES or monotonic() > until:
                waited += await self._pause()
                until = monotonic() + SLICE_SECONDS
            if self.frozen:
                return False
            self._fold_slice(records[at : at + SLICE_RECORDS])
        self.observer.folded(self.number, monotonic() - begun - waited)
        return True

    def _fold_slice(self, records: Sequence[Any]) -> None:
        """Fold a few records without looking up; whoever looks at the position looks between slices."""
        fold, before = self.machine.fold, self._before
        for record in records:
            try:
                output = fold(record)
            except Exception as error:
                raise self._poisoned(record.offset, error) from error
            if output is not None:
                before.append(output)
        self._last_record = record
        self.continuity.position = record.offset + 1
        self._folded_ms = self._clock.now_ms()

    def _poisoned(self, offset: int, error: Exception) -> Poisoned:
        place = f"{self.number}:{offset}"
        return Poisoned(
            f"record {place} makes the fold fail: {error!r}; nothing of it was committed. Look at it, and start with "
            f"--quarantine {place} to send it to the dead letters"
        )

    async def _pause(self) -> float:
        """Let others run; when the next run is full, until it was taken. Returns the seconds that passed."""
        begun = self._clock.monotonic()
        if self._pressure.bytes >= RUN_BYTES:
            self._roomy.clear()
            self._wanted.set()
            await self._roomy.wait()
        else:
            await asyncio.sleep(0)
        return self._clock.monotonic() - begun

    async def flush_forever(self) -> None:
        """Cut and send a run each interval, counted from when the last one was asked for, or at once when one is full.

        A fetch comes every so often, too. Where it can, within the limits of EARLY and LATE, a cut follows the fold of
        one, so that its gifts need not wait for another interval.
        """
        while not self.frozen:
            self._asked_at = self._clock.monotonic()
            await self.flush()
            await self._until_due()

    async def _until_due(self) -> None:
        """Wait for the next cut. Who has caught up meanwhile waits no longer than who never was behind."""
        longest = self._steady_seconds(LATE)
        while not (self.frozen or self._wanted.is_set()) and (rest := self._due_in(LATE)) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), min(rest, longest))

    def _due_in(self, side: int) -> float:
        """Return in how many seconds a cut is due, at the earliest or at the latest."""
        interval = self._options.behind_every_ms / 1000 if self.behind else self._steady_seconds(side)
        return self._asked_at + interval - self._clock.monotonic()

    def _steady_seconds(self, side: int) -> float:
        """Return the shortest or the longest interval of who is not behind."""
        every_ms = self._options.every_ms
        return (every_ms + side * min(SLACK_MS, every_ms / 4)) / 1000

    @property
    def newest_ms(self) -> int:
        """Append time of the record folded last, 0 before the first."""
        return 0 if self._last_record is None else self._last_record.timestamp

    @property
    def lag_ms(self) -> int:
        """How long ago the record folded last was appended, while more are waiting; else 0."""
        last = self._last_record
        return max(0, self._clock.now_ms() - last.timestamp) if self.lag and last is not None else 0

    @property
    def behind(self) -> bool:
        """Whether this worker is catching up."""
        return self.lag_ms > self._options.behind_ms

    @property
    def idle(self) -> bool:
        """Whether everything was read and nothing has come for a while."""
        return self.lag == 0 and self._clock.now_ms() - self._folded_ms >= self._options.idle_ms

    async def flush(self) -> None:
        """Make everything folded so far durable, then publish what follows from it.

        After a failure it fails again: a run was taken and is not acknowledged, and no other may go before it.
        """
        async with self._flushing:
            if self._failure is not None:
                raise self._failure
            try:
                async with self._turns.turn():
                    await self._flush()
            except BaseException as error:
                self._failure = error
                raise

    async def _flush(self) -> None:
        cut = self._cut()
        self._wanted.clear()
        self._roomy.set()
        if cut is not None:
            started = self._clock.monotonic()
            await self._send(cut)
            self.observer.flushed(self.number, self._clock.monotonic() - started)
        if cut is None or self.behind or self.frozen:
            await self._publish((), self._clock.now_ms())

    def _cut(self) -> _Cut | None:
        """Take a consistent cut at a record boundary, without awaiting; None when nothing changed."""
        machine = self.machine
        after, word, token = machine.cut(self._clock.now_ms(), self.idle, self.behind)
        rows = changed_rows(machine.families)
        if not (rows or after or word) and self.position == self._durable:
            return None
        self._pressure.bytes = 0
        before, self._before = self._before, []
        commit = self._commit()
        rows.add(*commit_row(commit))
        return _Cut(rows, before, after, word, token, commit)

    def _commit(self) -> Commit:
        if self._last_record is not None:
            self._last = (self._last_record.offset, record_hash(self._last_record))
        return Commit(FORMAT, self.position, *self._last, self.machine.mark(), *self._identity)

    async def _send(self, cut: _Cut) -> None:
        now_ms = self._clock.now_ms()
        if cut.before:
            await self.log.publish(cut.before, now_ms)
        self.next_changelog = await self.log.renew_if_due(self.next_changelog)
        self._kept_at(await self.log.append(cut.rows, now_ms), len(cut.rows))
        self._durable = cut.commit.position
        await self._publish(cut.after, now_ms)
        self._word = cut.word
        self.machine.published(cut.token)
        self.committed = cut.commit.position

    async def _publish(self, outputs: Sequence[Output], now_ms: int) -> None:
        """Publish these, and with them the word that those of the cut before are out.

        By itself it would be a third round trip in each flush, and the next boards would be later by that. Who is
        behind has time for it, and who is frozen has no next flush.
        """
        if self._word is not None:
            outputs = [self._word, *outputs]
        if outputs:
            await self.log.publish(outputs, now_ms)
            self._word = None

    def _kept_at(self, base: int, rows: int) -> None:
        """Only this owner appends; -1 stands for a retry of what the broker had already."""
        if base not in (self.next_changelog, -1):
            raise UnexpectedOffset(
                f"changelog of partition {self.number}: rows were kept at {base} instead of {self.next_changelog}; "
                "somebody else writes to it: make sure that no other application uses this app id"
            )
        self.next_changelog += rows

    async def freeze(self) -> None:
        """Stop folding, send the last run, and accept nothing more. A frozen one has sent it, or is about to."""
        was_frozen, self.frozen = self.frozen, True
        self._wanted.set()
        self._roomy.set()
        async with self._folding:
            if not was_frozen:
                await self.flush()

    def thaw(self) -> None:
        """Go on after a rebalance that left the partition here."""
        self.frozen = False
        self.continuity.restart()
        self._folded_ms = self._clock.now_ms()
