"""Writes the dashboards: `python -m compose.grafana.generate`. A test keeps the files equal to what this makes."""

from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from compose.grafana.business import BUSINESS
from compose.grafana.operators import OPERATORS

FOLDER: Final = Path(__file__).parent / "dashboards"


def dashboards() -> dict[str, str]:
    """Return the JSON of each dashboard by the name of its file."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    made = {"operators.json": OPERATORS, "business.json": BUSINESS}
    return {name: encoder.encode(board.build()) + "\n" for name, board in made.items()}


if __name__ == "__main__":
    for name, text in dashboards().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
