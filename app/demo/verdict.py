"""The demo's verdict: do the sums hold, do the totals equal what was meant, is every board exact?"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, to_builtins

from app.audit.report import Report
from app.load.answer import Answer
from schemas.partial import Ledger

Totals = Mapping[tuple[str, str], tuple[int, int]]
"""(stream_id, unit) -> value and sends of the whole broadcast."""

MUST_OCCUR = ("counted", "unchanged", "duplicates_refused", "dead_lettered", "late", "spikes", "boards_checked")
"""The load holds all of them; a zero would mean that the demo showed nothing of it."""


class Verdict(Struct, kw_only=True):
    """The figures of one demo, and what is wrong with them."""

    sent: int
    counted: int
    unchanged: int
    duplicates_refused: int
    dead_lettered: int
    late: int
    spikes: int
    boards_checked: int
    drift: int
    seconds: float
    problems: list[str] = []

    @property
    def is_exact(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for the JSON line."""
        plain: dict[str, Any] = to_builtins(self)
        return plain


def judge(
    answer: Answer, ledger: Ledger, totals: Totals, audit: Report, spikes: int, *, seconds: float, whole: bool
) -> Verdict:
    """Compare what the worker says with what the load meant and with the recount.

    `whole`: the demo ran long enough for everything in `MUST_OCCUR` to occur.
    """
    verdict = Verdict(
        sent=answer.sent,
        counted=ledger.counted,
        unchanged=ledger.unchanged,
        duplicates_refused=ledger.duplicates,
        dead_lettered=ledger.dead_lettered,
        late=ledger.late,
        spikes=spikes,
        boards_checked=audit.checked,
        drift=audit.drift,
        seconds=round(seconds, 1),
    )
    verdict.problems = [
        *_sums(verdict),
        *_counts(verdict, answer),
        *_totals(totals, answer),
        *(f"{finding.kind}: {finding.topic} {finding.key}: {finding.detail}" for finding in audit.findings[:10]),
        *(f"{name} is 0" for name in MUST_OCCUR if whole and not getattr(verdict, name)),
    ]
    return verdict


def _sums(verdict: Verdict) -> Iterator[str]:
    judged = verdict.counted + verdict.unchanged + verdict.duplicates_refused + verdict.dead_lettered
    if judged != verdict.sent:
        yield f"counted + unchanged + duplicates + dead-lettered is {judged}, but {verdict.sent} were sent"
    if not verdict.boards_checked:
        yield "no board could be checked"


def _counts(verdict: Verdict, answer: Answer) -> Iterator[str]:
    meant = {
        "counted": answer.counted,
        "unchanged": answer.unchanged,
        "duplicates_refused": answer.duplicates,
        "dead_lettered": answer.dead_lettered,
        "late": answer.late,
    }
    for name, expected in meant.items():
        if getattr(verdict, name) != expected:
            yield f"{name} is {getattr(verdict, name)}, the load meant {expected}"


def _totals(totals: Totals, answer: Answer) -> Iterator[str]:
    meant = {key: (value, sends) for key, (value, sends) in answer.totals.items()}
    wrong = [key for key in meant.keys() | totals.keys() if meant.get(key) != totals.get(key)]
    for stream_id, unit in sorted(wrong)[:10]:
        key = (stream_id, unit)
        yield f"{stream_id} in {unit}: value and sends are {totals.get(key)}, the load meant {meant.get(key)}"
