"""The schemas of the custom resources that we use, from their projects' definitions (`renew_crds`)."""

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("crds")


def schemas() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the schema of a whole object, by apiVersion and kind."""
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")]
    return {
        (f"{one['group']}/{version}", one["kind"]): schema
        for one in kept
        for version, schema in one["versions"].items()
    }
