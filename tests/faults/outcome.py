"""What came of each scenario, as a line, as JSON, and as a table at the end."""

from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table


class Outcome(msgspec.Struct, kw_only=True):
    """The figures of one scenario. It passed if there is no problem; `notes` are what is worth to be known."""

    scenario: str
    group: str
    seed: int
    seconds: float
    sent: int = 0
    kills: int = 0
    rebalances: int = 0
    refolded: int = 0
    republished: int = 0
    checked: int = 0
    verdict: str
    notes: list[str] = []
    problems: list[str] = []

    @property
    def passed(self) -> bool:
        return not self.problems

    def as_json(self) -> bytes:
        """Return all figures as one JSON line, without its end."""
        return msgspec.json.encode(self)

    def render(self, console: Console) -> None:
        """Print it as a line, with its problems below."""
        style = "green" if self.passed else "bold red"
        console.print(
            f"[{style}]{self.verdict:>6}[/] {self.scenario}: seed {self.seed}, {self.kills} kills, {self.rebalances} "
            f"rebalances, {self.refolded:,} events folded and {self.republished:,} published again, {self.sent:,} "
            f"sent, {self.checked:,} boards compared, {self.seconds:.0f} s",
            highlight=False,
            soft_wrap=True,
        )
        for line in (*self.notes, *self.problems):
            console.print(f"       {escape(line)}", highlight=False, soft_wrap=True)


def summary(outcomes: Sequence[Outcome]) -> Table:
    """Return all outcomes as a table."""
    table = Table("scenario", "", title="giftstream under fire")
    for column in ("sent", "kills", "rebal.", "refolded", "republ.", "boards", "s"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict")
    for one in outcomes:
        figures = (one.sent, one.kills, one.rebalances, one.refolded, one.republished, one.checked, one.seconds)
        style = "green" if one.passed else "bold red"
        table.add_row(one.scenario, one.group, *(f"{figure:,.0f}" for figure in figures), f"[{style}]{one.verdict}")
    return table
