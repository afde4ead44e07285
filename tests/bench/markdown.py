"""The results as the tables of docs/benchmark.md; `python -m tests.bench.markdown` makes those of results.json."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from tests.bench import results
from tests.bench.results import Result
from tests.bench.table import NAMES, cells, ordered

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmark.md"
BEGIN: Final = "<!-- written by `make bench` -->\n"
END: Final = "<!-- until here -->\n"
WORDS: Final = {"job", "shape", "contender", "figures", "note"}
"""Columns that stand left."""


def tables(found: Sequence[Result]) -> str:
    """Return a table a job, without the columns that are empty in all of it."""
    return "\n".join(_table(list(group)) for _, group in groupby(ordered(found), key=lambda one: one.job))


def _table(found: Sequence[Result]) -> str:
    rows = [dict(zip(NAMES, cells(one), strict=True)) for one in found]
    shown = [name for name in NAMES if name != "job" and any(row[name] for row in rows)]
    lines = [
        ["" if name == "contender" else name for name in shown],
        ["---" if name in WORDS else "---:" for name in shown],
        *([_bold(row, name) for name in shown] for row in rows),
    ]
    return f"**{found[0].job}**\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _bold(row: dict[str, str], name: str) -> str:
    ours = name == "contender" and row[name].startswith("giftstream")
    return f"**{row[name]}**" if ours else row[name]


def with_tables(page: str, found: Sequence[Result]) -> str:
    """Return the page with these results in the place of those it has. Raises ValueError if it has no place for any."""
    before, _, rest = page.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found_end:
        raise ValueError(f"{PAGE.name} has no place for results: put {BEGIN.strip()} and {END.strip()} where they go")
    return f"{before}{BEGIN}\n{tables(found)}\n{END}{after}"


def write(found: Sequence[Result]) -> None:
    """Put the results into the page."""
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), found), "utf-8")


if __name__ == "__main__":
    write(results.read())
