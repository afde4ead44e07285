"""Writing down what became of each claim, once each."""

from app.audit.options import BoardKind, Topics
from app.audit.published import Claim
from app.audit.report import Finding, FindingKind, Report


class Verdicts:
    """Fills a report. A claim that has its verdict keeps it."""

    def __init__(self, topics: Topics, report: Report) -> None:
        self.report = report
        self._topic = topics.boards

    def find(self, what: FindingKind, kind: BoardKind, key: str, detail: str) -> None:
        """Add a finding on the board under a key."""
        self.report.boards[kind].drift.append(Finding(what, self._topic[kind], key, detail))

    def unreadable(self, kind: BoardKind, key: str, detail: str) -> None:
        """A published value makes no claim that could be compared."""
        self.report.boards[kind].checked += 1
        self.find("different", kind, key, detail)

    def compared(self, claim: Claim, detail: str | None) -> None:
        """A claim was compared with the recount; `detail` is the field that differs, if one does."""
        if self._is_new(claim):
            self.report.boards[claim.kind].checked += 1
            if detail is not None:
                self.find("different", claim.kind, claim.key, f"{detail} (at {_shown(claim)})")

    def denied(self, claim: Claim, partition: int, offset: int) -> None:
        """The record that a claim names did not change that board."""
        if self._is_new(claim):
            self.report.boards[claim.kind].checked += 1
            detail = f"position.offsets: offset {offset} of partition {partition} did not change this board"
            self.find("extra", claim.kind, claim.key, detail)

    def unverifiable(self, claim: Claim) -> None:
        """The log has lost records that the claim may rest on."""
        if self._is_new(claim):
            self.report.boards[claim.kind].unverifiable += 1

    def _is_new(self, claim: Claim) -> bool:
        was_settled, claim.is_settled = claim.is_settled, True
        return not was_settled


def _shown(claim: Claim) -> str:
    return ", ".join(f"{partition}:{offset}" for partition, offset in claim.place.offsets.items())
