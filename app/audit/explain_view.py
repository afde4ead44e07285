"""An explanation as a table for people."""

from collections import deque
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.audit.board_key import moment
from app.audit.explain import Conclusion
from app.audit.step import Step
from app.audit.told import Sum

SHOWN: Final = 500
"""The newest so many records are shown; `--json` gives all."""


class ExplanationView:
    """Takes the steps in, and renders them with the conclusion."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=SHOWN)
        self._left_out = 0

    def add(self, step: Step) -> None:
        """Take in the next record's step."""
        self._left_out += len(self._steps) == SHOWN
        self._steps.append(step)

    def render(self, conclusion: Conclusion) -> RenderableType:
        """Return the records of the log, and below what they come to and what is published."""
        title = conclusion.key + (f" {conclusion.member}" if conclusion.member else "")
        table = Table("record", "event time", "sender", "gift", "what became of it", title=Text(title))
        table.add_column("total", justify="right")
        for step in self._steps:
            table.add_row(*map(Text, _cells(step)))
        style = "bold green" if conclusion.verdict == "equal" else "bold red"
        parts: list[RenderableType] = [table, Text(_sentence(conclusion), style=style)]
        if self._left_out:
            parts.insert(0, Text(f"{self._left_out:,} older records are left out; --json gives all"))
        return Group(*parts)


def _cells(step: Step) -> tuple[str, ...]:
    return (
        f"{step.partition}:{step.offset}",
        "?" if step.event_time_ms is None else moment(step.event_time_ms),
        step.sender_id or "-",
        step.gift_id or "?",
        _what(step),
        _shown(Sum(step.total_sends, step.total_value)),
    )


def _what(step: Step) -> str:
    added = f"+{step.sends:,} +{step.value:,}" if step.became == "counted" else ""
    named = "" if step.became == "duplicate" else step.became.replace("_", " ")
    said = " ".join(filter(None, (named, added)))
    return ": ".join(filter(None, (said, step.why.removeprefix("late: "))))


def _sentence(conclusion: Conclusion) -> str:
    offsets = ", ".join(f"{partition}:{offset}" for partition, offset in conclusion.position.items())
    published = "nothing" if conclusion.published is None else _shown(conclusion.published)
    note = f" ({conclusion.note})" if conclusion.note else ""
    if not conclusion.position:
        return f"{conclusion.verdict}: recounted {_shown(conclusion.total)}, published nothing{note}"
    at_position = _shown(conclusion.at_position)
    newer = "" if conclusion.total == conclusion.at_position else f"; by now {_shown(conclusion.total)}"
    return f"{conclusion.verdict}: at {offsets} recounted {at_position}, published {published}{note}{newer}"


def _shown(total: Sum) -> str:
    return f"{total.value:,} in {total.sends:,} gift{'' if total.sends == 1 else 's'}"
