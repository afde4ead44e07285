"""The settings as a table: for `README.md`, which a test keeps equal to the code."""

from typing import NamedTuple

from pydantic import SecretStr

from agents.domain.rules import BIG_GIFT
from app.settings import Settings
from app.settings_load import allowed, variable


class Setting(NamedTuple):
    """One setting: the variable's name, and its default, meaning and allowed values in words."""

    name: str
    default: str
    meaning: str
    allowed: str


def describe() -> list[Setting]:
    """Return every setting in the order of the class."""
    return [
        Setting(variable(name), _default(field.default), str(field.description), allowed(name))
        for name, field in Settings.model_fields.items()
    ]


def markdown() -> str:
    """Return the table as Markdown, without a newline at its end."""
    rows = [f"| `{one.name}` | {_code(one.default)} | {one.meaning} | {one.allowed} |" for one in describe()]
    return "\n".join(["| setting | default | meaning | allowed |", "|---|---|---|---|", *rows])


def _default(value: object) -> str:
    if value is None or isinstance(value, SecretStr):
        return ""
    if value == BIG_GIFT:
        return ",".join(f"{unit}={least}" for unit, least in BIG_GIFT.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
