"""The public values as JSON Schema (2020-12), from the Structs: one file a topic in `schemas/json/`."""

import json
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.json import schema_components

from schemas.board import GifterLeaderboard, StreamLeaderboard, StreamTotals
from schemas.dead_letter import DeadLetterHeaders
from schemas.gift import GiftEvent
from schemas.spike import BigGift, SpikeUpdate

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FOLDER: Final = Path(__file__).parent / "json"
PUBLIC: Final[dict[str, tuple[type[Struct], ...]]] = {
    "gifts.v1": (GiftEvent,),
    "stream-totals.v1": (StreamTotals,),
    "leaderboards.gifters.v1": (GifterLeaderboard,),
    "leaderboards.streams.v1": (StreamLeaderboard,),
    "engagement-spikes.v1": (SpikeUpdate, BigGift),
    "gifts.dead-letter.v1": (DeadLetterHeaders,),
}
"""Topic, without prefix, to the values it carries; of the dead letters, the headers as one object."""


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each topic's value. `$id` is `urn:giftstream:<topic>`."""
    return {topic: _schema(topic, values) for topic, values in PUBLIC.items()}


def write(folder: Path = FOLDER) -> list[Path]:
    """Write a `<topic>.json` for each topic and return the paths. Equal Structs give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {folder / f"{topic}.json": schema for topic, schema in schemas().items()}
    for path, schema in paths.items():
        path.write_text(as_text(schema), encoding="utf-8")
    return list(paths)


def as_text(schema: dict[str, Any]) -> str:
    """Return a schema as it is committed: sorted, indented, with a newline at the end."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _schema(topic: str, values: tuple[type[Struct], ...]) -> dict[str, Any]:
    (*references,), components = schema_components(values, ref_template="#/$defs/{name}")
    for component in components.values():
        component["description"] = cleandoc(component["description"])
    return {
        "$schema": DIALECT,
        "$id": f"urn:giftstream:{topic}",
        "title": " or ".join(value.__name__ for value in values),
        **(references[0] if len(references) == 1 else {"anyOf": references}),
        "$defs": components,
    }
