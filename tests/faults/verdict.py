"""After the injury: is everything exact, and was anything injured at all?"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from app.audit.report import Report
from app.auditing import audit_installation
from app.load.answer import Answer
from app.topic_reader import read_to_end
from schemas.partial import Ledger
from tests.faults.stage import Stage
from tests.integration.harness import Place

SHOWN: Final = 5
"""Problems of one kind that are told."""

Totals = dict[tuple[str, str], tuple[int, int]]


class _Revised(msgspec.Struct):
    revision: int


_revised = msgspec.json.Decoder(_Revised).decode


class _Position(msgspec.Struct):
    offsets: dict[int, int]


class _Board(msgspec.Struct):
    position: _Position
    is_final: bool
    incomplete: list[str] = []

    def is_honest(self, lost: Mapping[int, tuple[int, int]]) -> bool:
        """Whether it names the lost records before its position, and of those behind it none but known ones.

        (One that has not changed since a loss is exact at its position, and names the loss when it becomes final.)
        """
        here = [(number, *gap) for number, gap in lost.items() if number in self.position.offsets]
        known = {f"{number}:{first}-{last}" for number, first, last in here}
        due = {f"{number}:{first}-{last}" for number, first, last in here if self.position.offsets[number] > last}
        return due <= set(self.incomplete) <= known


_board = msgspec.json.Decoder(_Board, strict=False).decode


class Verdict(msgspec.Struct):
    """`problems` is empty for an exact outcome. `checked` boards were compared with the recount."""

    checked: int = 0
    problems: list[str] = []


class Meant(NamedTuple):
    """What the loads of a scenario meant, together. No two of them have a stream in common."""

    sums: dict[str, int]
    totals: Totals


def together(answers: Sequence[Answer]) -> Meant:
    """Add up what several loads meant."""
    sums = {name: sum(getattr(one, name) for one in answers) for name in ("counted", "unchanged", "duplicates", "late")}
    return Meant(sums, {key: (value, sends) for one in answers for key, (value, sends) in one.totals.items()})


async def judge(stage: Stage) -> Verdict:
    """Recount everything and compare it with what the topics say. All workers have counted everything by now."""
    meant = together(stage.answers)
    report = await audit(stage)
    letters = await stage.topics.dead_letters()
    problems = [
        *_astray(stage),
        *_audited(report, stage),
        *[line async for line in _incomplete(stage)],
        *[line async for line in _fallen(stage)],
        *_letters(set(letters), stage.log.bad),
        *_sums(await stage.topics.ledger(), meant, len(stage.log.bad)),
        *_totals(await stage.topics.totals(), meant),
    ]
    return Verdict(report.checked, problems)


async def audit(stage: Stage) -> Report:
    """The recount of the source log, compared with the boards and with the changelog's rows."""
    return await audit_installation(stage.settings, state=True)


def _astray(stage: Stage) -> Iterator[str]:
    for worker in stage.workers:
        if worker.is_astray:
            yield f"worker {worker.number} ended by itself with {worker.code}: {worker.last_line}"


def _audited(report: Report, stage: Stage) -> Iterator[str]:
    """Boards that may rest on lost records cannot be compared; where none are lost, each must be."""
    for finding in report.findings[:SHOWN]:
        yield f"{finding.kind}: {finding.topic} {finding.key}: {finding.detail}"
    if report.drift > SHOWN:
        yield f"drift of {report.drift} in all"
    unverifiable = sum(board.unverifiable for board in report.boards.values())
    if bool(unverifiable) != bool(stage.lost):
        yield f"{unverifiable} boards are unverifiable, records of {len(stage.lost)} partitions are lost"
    if not report.checked:
        yield "no board could be checked"


async def _incomplete(stage: Stage) -> AsyncIterator[str]:
    """The newest value of a board names the lost records that it may lack, and no others."""
    names = stage.topics.topics
    newest = {}
    async for record in read_to_end(stage.settings, [names.totals.name, names.gifters.name, names.streams.name]):
        newest[record.topic, record.key] = record.value
    boards = {key: _board(value) for key, value in newest.items() if value is not None}
    wrong = [f"{key} are {board.incomplete}" for key, board in boards.items() if not board.is_honest(stage.lost)]
    for line in _some("the lost records of", sorted(wrong)):
        yield line


async def _fallen(stage: Stage) -> AsyncIterator[str]:
    """Revisions of a key that fall anywhere in the whole log."""
    names = stage.topics.topics
    newest: dict[tuple[str, bytes], int] = {}
    fallen = set()
    async for record in read_to_end(stage.settings, [names.totals.name, names.gifters.name, names.streams.name]):
        if record.value is not None:
            key, revision = (record.topic, record.key), _revised(record.value).revision
            if revision < newest.get(key, 0):
                fallen.add(key)
            newest[key] = revision
    for line in _some("the revision fell of", sorted(fallen)):
        yield line


def _letters(found: set[Place], bad: set[Place]) -> Iterator[str]:
    """Dead letters, once for each source record, are exactly the bad records."""
    yield from _some("no dead letter for bad record", sorted(bad - found))
    yield from _some("a dead letter for good record", sorted(found - bad))


def _sums(ledger: Ledger, meant: Meant, bad: int) -> Iterator[str]:
    for name, expected in (meant.sums | {"dead_lettered": bad}).items():
        if (found := getattr(ledger, name)) != expected:
            yield f"{name} is {found}, the load meant {expected}"


def _totals(totals: Totals, meant: Meant) -> Iterator[str]:
    wrong = sorted(key for key in meant.totals.keys() | totals.keys() if meant.totals.get(key) != totals.get(key))
    yield from _some(
        "value and sends", [f"of {key} are {totals.get(key)}, the load meant {meant.totals.get(key)}" for key in wrong]
    )


def _some(what: str, found: Iterable[object]) -> Iterator[str]:
    listed = list(found)
    for one in listed[:SHOWN]:
        yield f"{what} {one}"
    if len(listed) > SHOWN:
        yield f"{what} ... {len(listed)} in all"
