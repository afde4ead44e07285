"""Writes outcomes into the page that tells of the guarantee, so that its figures are always those of real runs."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.faults.outcome import Outcome

BEGIN: Final = "<!-- runs -->\n"
END: Final = "<!-- end of runs -->"
COLUMNS: Final = ("scenario", "seed", "sent", "kills", "rebalances", "folded again", "boards compared", "s", "verdict")
HEAD: Final = f"| {' | '.join(COLUMNS)} |\n|---|{'---:|' * (len(COLUMNS) - 2)}---|\n"
ROW: Final = re.compile(r"^\| ([a-z0-9-]+) \| \d.*\n", re.MULTILINE)


def write(page: Path, outcomes: Iterable[Outcome], order: Sequence[str]) -> None:
    """Put a row for each outcome on the page, in place of an older one of that scenario; `order` names all that exist.

    Raises ValueError if the page has no place for them.
    """
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page} has no place for runs: put {BEGIN.strip()} and {END} there")
    above, rest = text.split(BEGIN)
    before, below = rest.split(END)
    rows = {row[1]: row[0] for row in ROW.finditer(before)} | {one.scenario: _row(one) for one in outcomes}
    table = "".join(rows[name] for name in order if name in rows)
    page.write_text(above + BEGIN + HEAD + table + END + below, encoding="utf-8")


def _row(one: Outcome) -> str:
    figures = (one.sent, one.kills, one.rebalances, one.refolded, one.checked, round(one.seconds))
    return f"| {one.scenario} | {one.seed} | {' | '.join(f'{figure:,}' for figure in figures)} | {one.verdict} |\n"
