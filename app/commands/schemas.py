"""`giftstream schemas export`."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.output import json_line

Folder = Annotated[
    Path | None, typer.Option(help="Write one file a topic here, instead of to stdout.", file_okay=False)
]


def export(to: Folder = None) -> None:
    """Print the JSON Schemas (2020-12) of the public values, or write them to a folder."""
    from schemas.export import schemas, write

    if to is None:
        for schema in schemas().values():
            json_line(schema)
    else:
        json_line({"written": [str(path) for path in write(to)]})
