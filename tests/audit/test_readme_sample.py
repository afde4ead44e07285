"""The explanation in `README.md` is what the code makes of the gifts there, the last of them sent twice."""

import json
import re
from io import StringIO
from pathlib import Path

from rich.console import Console

from app.audit.admission import SourceRecord
from app.audit.board_key import read_board_key
from app.audit.calendar import Calendar
from app.audit.explain import Explanation
from app.audit.explain_view import ExplanationView
from app.audit.options import AuditOptions
from app.audit.told import Sum, Told

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str) -> list[str]:
    """Return the lines of the page's first block of a language."""
    found = re.search(rf"```{language}\n(.*?)\n```", README, re.DOTALL)
    assert found is not None
    return found[1].splitlines()


def test_the_explanation_is_what_the_code_makes_of_the_gifts() -> None:
    command, *lines = block("console")
    gifts = block("jsonl")
    key = read_board_key(command.split("'")[1], Calendar("UTC"))
    explanation = Explanation(key, None, Told(Sum(6, 30_004), {3: 2}), AuditOptions())
    view, out = ExplanationView(), StringIO()
    explanation.open(3, 0)
    for offset, gift in enumerate([*gifts, gifts[-1]]):
        event = json.loads(gift)
        record = SourceRecord(offset, event["event_time_ms"], event["stream_id"].encode(), gift.encode())
        if step := explanation.feed(record):
            view.add(step)
    explanation.close()
    Console(file=out, width=200).print(view.render(explanation.conclude()))
    assert set(lines) <= set(out.getvalue().splitlines())
    assert len(lines) == len(gifts) + 2
