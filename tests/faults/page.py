"""Writes a run into the page that tells of the guarantee, so that its figures are always those of a real one."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.faults.outcome import Outcome

BEGIN: Final = "<!-- run -->\n"
END: Final = "<!-- end of run -->"
COLUMNS: Final = ("scenario", "sent", "kills", "rebalances", "folded again", "boards compared", "seconds", "verdict")


def write(page: Path, outcomes: Sequence[Outcome], seed: int) -> None:
    """Replace the run on the page. Raises ValueError if the page has no place for one."""
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page} has no place for a run: put {BEGIN.strip()} and {END} there")
    run = BEGIN + "".join(f"{line}\n" for line in _lines(outcomes, seed)) + END
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: run, text, flags=re.DOTALL), encoding="utf-8")


def _lines(outcomes: Sequence[Outcome], seed: int) -> Iterator[str]:
    kills, checked = sum(one.kills for one in outcomes), sum(one.checked for one in outcomes)
    yield f"Seed {seed}: {len(outcomes)} scenarios, {kills} kills, {checked:,} boards compared."
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|---|{'---:|' * (len(COLUMNS) - 2)}---|"
    for one in outcomes:
        figures = (one.sent, one.kills, one.rebalances, one.refolded, one.checked, round(one.seconds))
        yield f"| {one.scenario} | {' | '.join(f'{figure:,}' for figure in figures)} | {one.verdict} |"
