"""What an audit found, as a table for people and as plain values for programs."""

from typing import Any, Literal, get_args

from msgspec import Struct, field, to_builtins
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.audit.counts import Counts
from app.audit.options import BoardKind
from app.audit.state_rows import Family

FindingKind = Literal["different", "missing", "extra", "revision_fell", "stale"]
SHOWN_FINDINGS = 20


class Finding(Struct, frozen=True):
    """One way in which a published board, or a row of state, is not the recount's; `detail` names the field."""

    kind: FindingKind
    topic: str
    key: str
    detail: str


class BoardReport(Struct):
    """Of one kind of board or row: how many were compared, and how many rest on lost records."""

    checked: int = 0
    unverifiable: int = 0
    drift: list[Finding] = field(default_factory=list)


class Report(Struct):
    """The outcome of an audit. `positions` is how far each partition had been published when it began.

    `state` is about the rows of the state changelog, by family; None if they were not asked for.
    """

    boards: dict[BoardKind, BoardReport] = field(
        default_factory=lambda: {kind: BoardReport() for kind in get_args(BoardKind)}
    )
    state: dict[Family, BoardReport] | None = None
    records: Counts = field(default_factory=Counts)
    positions: dict[int, int] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        return [finding for report in self._all() for finding in report.drift]

    @property
    def drift(self) -> int:
        """How many findings there are."""
        return sum(len(report.drift) for report in self._all())

    @property
    def checked(self) -> int:
        """How many published boards were compared."""
        return sum(board.checked for board in self.boards.values())

    @property
    def checked_rows(self) -> int:
        """How many rows of state were compared."""
        return sum(rows.checked for rows in (self.state or {}).values())

    @property
    def is_exact(self) -> bool:
        """Whether something was compared, of all that was asked for, and nothing was found."""
        return self.drift == 0 and self.checked > 0 and (self.state is None or self.checked_rows > 0)

    def exit_code(self) -> int:
        """Return 0 for an exact pipeline; 1 on any drift, and when nothing could be checked."""
        return 0 if self.is_exact else 1

    def verdict(self) -> str:
        """Return the outcome in one line."""
        if self.drift:
            return f"drift: {self.drift} finding{'s' if self.drift > 1 else ''}"
        if not self.is_exact:
            return "nothing could be checked" if not self.checked else "no row of state could be checked"
        rows = "" if self.state is None else f", {self.checked_rows} rows of state"
        return f"exact: {self.checked} published boards{rows} compared"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        plain: dict[str, Any] = to_builtins(self, str_keys=True)
        return {"exact": self.is_exact, "verdict": self.verdict(), "drift": self.drift, **plain}

    def render(self) -> RenderableType:
        """Return the report for a rich console: a line a kind of board, the first findings, the verdict."""
        parts: list[RenderableType] = [self._table()]
        parts += [Text(f"{f.kind}  {f.topic}  {f.key}  {f.detail}") for f in self.findings[:SHOWN_FINDINGS]]
        if self.drift > SHOWN_FINDINGS:
            parts.append(Text(f"and {self.drift - SHOWN_FINDINGS} more; --json names them all"))
        parts.append(Text(self.verdict(), style="bold green" if self.is_exact else "bold red"))
        return Group(*parts)

    def _table(self) -> Table:
        table = Table("board", title="giftstream audit")
        for column in ("checked", "unverifiable", "drift"):
            table.add_column(column, justify="right")
        named = [*self.boards.items(), *((f"state: {family}", rows) for family, rows in (self.state or {}).items())]
        for name, report in named:
            table.add_row(name, f"{report.checked:,}", f"{report.unverifiable:,}", f"{len(report.drift):,}")
        return table

    def _all(self) -> list[BoardReport]:
        return [*self.boards.values(), *(self.state or {}).values()]
