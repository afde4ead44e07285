"""Writing down what became of each row of state."""

from typing import Final

from app.audit.report import BoardReport, Finding, FindingKind, Report
from app.audit.state_rows import Family

COMPARED: Final[tuple[Family, ...]] = (
    "commit", "totals", "gifters", "gifts", "streams", "scopes", "seen", "streaks", "engagement", "tallies", "progress",
)  # fmt: skip
"""In the order in which they are shown. The outbox is transient."""


class StateVerdicts:
    """Fills a report with what is found on the rows of one partition."""

    def __init__(self, topic: str, partition: int, report: Report) -> None:
        if report.state is None:
            report.state = {family: BoardReport() for family in COMPARED}
        self._report = report.state
        self._topic = topic
        self._where = f"(partition {partition})"

    def compared(self, family: Family, key: bytes, detail: str | None, what: FindingKind = "different") -> None:
        """A row was compared with the recount; `detail` is the field that differs, if one does."""
        self._report[family].checked += 1
        if detail is not None:
            self.find(what, family, key, detail)

    def find(self, what: FindingKind, family: Family, key: bytes, detail: str) -> None:
        """Add a finding on the row under a key."""
        shown = key.decode(errors="backslashreplace")
        self._report[family].drift.append(Finding(what, self._topic, shown, f"{detail} {self._where}"))

    def unverifiable(self, family: Family) -> None:
        """The log has lost records that the row may rest on."""
        self._report[family].unverifiable += 1
