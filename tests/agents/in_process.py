"""The whole pipeline in one process without a broker: workers that own partitions, crash, and take over."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from faust.types import TP

from agents.domain.fold import GiftFold
from agents.domain.merge import Merge
from agents.domain.rules import Rules
from agents.gifts import Acked, GiftMachine
from agents.merge import MergedBoards
from agents.output import Output, Topics
from app.audit.admission import SourceRecord
from app.audit.compare import Log, compare
from app.audit.options import AuditOptions, BoardKind
from app.audit.options import Topics as AuditTopics
from app.audit.published import Published
from app.audit.report import Report
from app.audit.state import State
from app.engine.changelog import FENCE_KEY, RowLoader
from app.engine.partition import FlushOptions, Partition
from app.engine.rows import Pressure, Rows
from app.engine.runs import Run
from app.pipeline import identity, new_tables
from schemas.partial import Ledger, Progress
from tests.agents.fake_kafka import Crash, FakeKafka, Kept, Owner, Time, Written

NAMES: Final = AuditTopics()
TOPICS: Final = Topics(
    NAMES.totals, NAMES.gifters, NAMES.streams, "engagement-spikes.v1", NAMES.dead_letters, NAMES.partials
)
CHANGELOG: Final = "giftstream-state-changelog"
RUN: Final = 400
"""Records read at once: few enough that a run never has to wait for room."""


class PartitionLog:
    """Where one owned partition writes. Outputs go out by topic partition, each a write that may be the last."""

    def __init__(self, owner: Owner, number: int) -> None:
        self._owner = owner
        self._number = number

    async def append(self, rows: Rows, now_ms: int) -> int:
        return self._owner.write(CHANGELOG, self._number, ((key, value, ()) for key, value in rows))

    async def publish(self, outputs: Sequence[Any], now_ms: int) -> None:
        publish(self._owner, outputs)

    async def renew_if_due(self, end: int) -> int:
        return end


class Merging:
    """The merge agent's side of a worker: what an older owner published, then all partials from the first on."""

    def __init__(self, kafka: FakeKafka, rules: Rules) -> None:
        self._kafka = kafka
        self._owner = kafka.owner("merge")
        self._view = MergedBoards(Merge(rules), TOPICS.streams, lambda merged: None)
        self.position = 0
        self._caught_up_at = kafka.end(TOPICS.partials)
        for record in kafka.records(TOPICS.streams):
            self._view.remember(record)

    def step(self, limit: int) -> None:
        """Take in partials, and publish once all that were there at the beginning are in."""
        for record in self._kafka.records(TOPICS.partials, 0, self.position, limit):
            self._view.apply(record)
            self.position = record.offset + 1
        if self.position >= self._caught_up_at:
            publish(self._owner, self._view.changed(self._kafka.time.ms))


class Worker:
    """A process: what it owns is in its memory only."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self._pipeline = pipeline
        self._kafka = pipeline.kafka
        self.partitions: dict[int, Partition] = {}
        self.merging: Merging | None = None

    async def step(self, limit: int = RUN) -> None:
        """Read on in each partition, flush, and merge."""
        for number in self.partitions:
            await self.read(number, limit)
            await self.partitions[number].flush()
        if self.merging is not None:
            self.merging.step(limit)

    async def read(self, number: int, limit: int = RUN) -> None:
        """Fold the next run of a partition; without new records there is none, as on the real consumer."""
        partition = self.partitions[number]
        partition.highwater = self._kafka.end(NAMES.source, number)
        records = self._kafka.records(NAMES.source, number, partition.position, limit)
        if records:
            end = records[-1].offset + 1
            await partition.fold(Run(TP(NAMES.source, number), partition.position, end, records, partition.highwater))

    def take_over(self, number: int) -> None:
        """Fence the old owner, load the changelog through the fence, and go on at the commit."""
        pipeline, pressure = self._pipeline, Pressure()
        machine = pipeline.machine(number, pressure)
        owner = self._kafka.owner(f"partition {number}")
        fence = owner.write(CHANGELOG, number, [(FENCE_KEY, b"", ())])
        loader = RowLoader(machine.families)
        loader.load([(record.key or b"", record.value) for record in self._kafka.records(CHANGELOG, number)])
        commit = loader.commit
        machine.restore(commit.mark if commit else 0)
        self.partitions[number] = Partition(
            number,
            machine,
            pressure,
            PartitionLog(owner, number),
            identity(pipeline.rules),
            commit=commit,
            start=commit.position if commit else 0,
            next_changelog=fence + 1,
            options=FlushOptions(),
            clock=pipeline.time.clock(),
        )

    async def give_up(self, number: int) -> None:
        """Let a partition go in peace: its last run goes out."""
        await self.partitions[number].freeze()
        del self.partitions[number]

    def kill(self) -> None:
        """Lose everything that is in memory."""
        self.partitions, self.merging = {}, None
        self._pipeline.deaths += 1


class Pipeline:
    """Source topic, workers, and everything they publish."""

    def __init__(
        self,
        begin_ms: int,
        rules: Rules | None = None,
        *,
        behind_board_ms: int = 5_000,
        quarantined: Iterable[tuple[int, int]] = (),
    ) -> None:
        self.rules = rules or Rules()
        self.time = Time(begin_ms)
        self.kafka = FakeKafka(self.time)
        self.acked: list[Acked] = []
        self.deaths = 0
        self.workers = [Worker(self), Worker(self)]
        self._behind_board_ms = behind_board_ms
        self._quarantined = frozenset(quarantined)

    def machine(self, number: int, pressure: Pressure) -> GiftMachine:
        """Return the machine of one partition, put together as the application does."""
        tables, families = new_tables(pressure)
        fold = GiftFold(self.rules, number, tables, frozenset(at for p, at in self._quarantined if p == number))
        return GiftMachine(fold, families, NAMES.source, number, TOPICS, self._behind_board_ms, self.acked.append)

    def send(self, partition: int, key: bytes | None, value: bytes | None) -> int:
        """Append a record to the source topic, now; return its offset."""
        return self.kafka.append(NAMES.source, partition, [(key, value, ())])

    async def step(self, limit: int = RUN) -> None:
        """Let every worker do a round. Who dies loses its memory, and what nobody owns is taken over."""
        self.assign()
        for worker in self.workers:
            try:
                await worker.step(limit)
            except Crash:
                worker.kill()
        self.assign()

    async def drain(self) -> None:
        """Go on until everything is read, merged and published."""
        before = None
        while before != (before := self._ends()):
            await self.step()

    async def move(self, number: int) -> None:
        """Hand a partition from the worker that owns it to the other."""
        old, new = sorted(self.workers, key=lambda worker: number not in worker.partitions)
        try:
            await old.give_up(number)
            new.take_over(number)
        except Crash:
            old.kill()
            new.kill()

    def assign(self) -> None:
        """Give each partition, and the merge, that nobody owns to a worker."""
        for number in range(self.rules.partitions):
            while not any(number in worker.partitions for worker in self.workers):
                worker = min(self.workers, key=lambda worker: len(worker.partitions))
                try:
                    worker.take_over(number)
                except Crash:
                    worker.kill()
        if not any(worker.merging for worker in self.workers):
            self.workers[-1].merging = Merging(self.kafka, self.rules)

    def records(self, topic: str) -> list[tuple[int, Kept]]:
        """Return every record of a topic with its partition."""
        return [(p, record) for p in self.kafka.partitions(topic) for record in self.kafka.records(topic, p)]

    def latest(self, topic: str) -> dict[str, bytes]:
        """Return the newest value of each key, as a subscriber sees it."""
        newest = {(record.key or b"").decode(): record.value for _, record in self.records(topic)}
        return {key: value for key, value in newest.items() if value is not None}

    def progress(self) -> dict[int, Progress]:
        """Return how far each partition has told to be."""
        told = self.latest(TOPICS.partials)
        found = [msgspec.json.decode(value, type=Progress) for key, value in told.items() if "|" not in key]
        return {progress.partition: progress for progress in found}

    def ledger(self) -> Ledger:
        """Return the sum of all partitions' ledgers."""
        ledgers = [msgspec.structs.asdict(progress.ledger) for progress in self.progress().values()]
        return Ledger(**{name: sum(each[name] for each in ledgers) for name in Ledger.__struct_fields__})

    def audit(self) -> Report:
        """Recount the source and compare every board that was ever published at its position."""
        logs = {p: Log(0, self._source(p)) for p in range(self.rules.partitions)}
        committed = {number: progress.position for number, progress in self.progress().items()}
        return compare(logs, self._boards(), committed, self.audit_options())

    def audit_state(self, states: Mapping[int, State] | None = None) -> Report:
        """Recount the source and compare the rows of the changelog; others than it holds, if they are given."""
        logs = {p: Log(0, self._source(p)) for p in range(self.rules.partitions)}
        return compare(logs, {}, {}, self.audit_options(), states or self.states())

    def states(self) -> dict[int, State]:
        """Return what the changelog of each partition says."""
        changelogs = {p: self.kafka.records(CHANGELOG, p) for p in range(self.rules.partitions)}
        return {p: State.of((record.key, record.value) for record in records) for p, records in changelogs.items()}

    def audit_options(self) -> AuditOptions:
        """Return the pipeline's own settings, as an audit is told them."""
        rules = self.rules
        return AuditOptions(
            partitions=rules.partitions,
            partitioner=rules.partitioner,
            horizon_ms=rules.horizon_ms,
            time_zone=rules.time_zone,
            top_n=rules.top_n,
            quarantined=self._quarantined,
            big_gift=rules.big_gift,
        )

    def _source(self, partition: int) -> list[SourceRecord]:
        return [SourceRecord(*record[:4]) for record in self.kafka.records(NAMES.source, partition)]

    def _boards(self) -> Mapping[BoardKind, Mapping[str, Sequence[Published]]]:
        boards: dict[BoardKind, dict[str, list[Published]]] = {kind: {} for kind in NAMES.boards}
        for kind, topic in NAMES.boards.items():
            for partition, record in self.records(topic):
                key = (record.key or b"").decode()
                boards[kind].setdefault(key, []).append(Published(partition, record.offset, record.value))
        return boards

    def _ends(self) -> Any:
        positions = [worker.partitions[n].position for worker in self.workers for n in sorted(worker.partitions)]
        merged = [worker.merging.position for worker in self.workers if worker.merging]
        return positions, merged, [self.kafka.end(topic, p) for topic in TOPICS for p in range(self.rules.partitions)]


def publish(owner: Owner, outputs: Sequence[Output]) -> None:
    """Write outputs as the fenced producer does: in order within each topic partition, one batch each."""
    batches: dict[tuple[str, int], list[Written]] = {}
    for output in outputs:
        batches.setdefault((output.topic, output.partition), []).append((output.key, output.value, output.headers))
    for (topic, partition), batch in batches.items():
        owner.write(topic, partition, batch)
