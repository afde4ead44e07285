"""After the injury: is everything exact, and was anything injured at all?"""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

import msgspec

from app.audit.report import Report
from app.auditing import audit_installation
from app.load.answer import Answer
from schemas.partial import Ledger
from tests.faults.stage import Stage
from tests.integration.harness import Place

SHOWN: Final = 5
"""Problems of one kind that are told."""

Totals = dict[tuple[str, str], tuple[int, int]]


class Verdict(msgspec.Struct):
    """`problems` is empty for an exact outcome. `checked` boards were compared with the recount."""

    checked: int = 0
    problems: list[str] = []


async def judge(stage: Stage) -> Verdict:
    """Recount everything and compare it with what the topics say. All workers have counted everything by now."""
    assert stage.answer is not None, "the scenario sent no load"
    report = await audit(stage)
    letters = await stage.topics.dead_letters()
    problems = [
        *_astray(stage),
        *_audited(report),
        *[line async for line in _fallen(stage)],
        *_letters(set(letters), stage.log.bad),
        *_sums(await stage.topics.ledger(), stage.answer, len(stage.log.bad)),
        *_totals(await stage.topics.totals(), stage.answer),
    ]
    return Verdict(report.checked, problems)


async def audit(stage: Stage) -> Report:
    """The recount of the source log. The one place to have it compare the changelog's rows as well."""
    return await audit_installation(stage.settings)


def _astray(stage: Stage) -> Iterator[str]:
    for worker in stage.workers:
        if worker.is_astray:
            yield f"worker {worker.number} ended by itself with {worker.code}: {worker.last_line}"


def _audited(report: Report) -> Iterator[str]:
    for finding in report.findings[:SHOWN]:
        yield f"{finding.kind}: {finding.topic} {finding.key}: {finding.detail}"
    if report.drift > SHOWN:
        yield f"drift of {report.drift} in all"
    if unverifiable := sum(board.unverifiable for board in report.boards.values()):
        yield f"{unverifiable} boards are unverifiable"
    if not report.checked:
        yield "no board could be checked"


async def _fallen(stage: Stage) -> AsyncIterator[str]:
    """Revisions of a key that fall anywhere in the whole log."""
    names = stage.topics.topics
    for topic in (names.totals, names.gifters, names.streams):
        fallen = [
            key
            for key, history in (await stage.topics.history(topic.name)).items()
            if (told := [one["revision"] for one in history if one is not None]) != sorted(told)
        ]
        for line in _some(f"{topic.name}: the revision fell of", fallen):
            yield line


def _letters(found: set[Place], bad: set[Place]) -> Iterator[str]:
    """Dead letters, once for each source record, are exactly the bad records."""
    yield from _some("no dead letter for bad record", sorted(bad - found))
    yield from _some("a dead letter for good record", sorted(found - bad))


def _sums(ledger: Ledger, answer: Answer, bad: int) -> Iterator[str]:
    meant = {
        "counted": answer.counted,
        "unchanged": answer.unchanged,
        "duplicates": answer.duplicates,
        "dead_lettered": bad,
        "late": answer.late,
    }
    for name, expected in meant.items():
        if (found := getattr(ledger, name)) != expected:
            yield f"{name} is {found}, the load meant {expected}"


def _totals(totals: Totals, answer: Answer) -> Iterator[str]:
    meant = {key: (value, sends) for key, (value, sends) in answer.totals.items()}
    wrong = sorted(key for key in meant.keys() | totals.keys() if meant.get(key) != totals.get(key))
    yield from _some(
        "value and sends", [f"of {key} are {totals.get(key)}, the load meant {meant.get(key)}" for key in wrong]
    )


def _some(what: str, found: Iterable[object]) -> Iterator[str]:
    listed = list(found)
    for one in listed[:SHOWN]:
        yield f"{what} {one}"
    if len(listed) > SHOWN:
        yield f"{what} ... {len(listed)} in all"
