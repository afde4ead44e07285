"""Write the schemas of custom resources anew: `python -m tests.compose.renew_crds "Strimzi 1.2.0" FILE...`.

Each file is a CustomResourceDefinition as its project publishes it. What decides about an object is kept of it (names,
types, limits) and closed, as the server closes it for a client that asks for strict validation; its descriptions and
CEL rules are not.
"""

import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

FOLDER: Final = Path(__file__).with_name("crds")

KEPT: Final = {
    "type", "required", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern",
    "minProperties", "maxProperties", "uniqueItems",
}  # fmt: skip
BY_SCHEMA: Final = {"items", "additionalProperties", "not"}
BY_SCHEMAS: Final = {"allOf", "anyOf", "oneOf"}
OPEN: Final = "x-kubernetes-preserve-unknown-fields"


def slim(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with what decides and nothing else; objects of named properties have no others."""
    kept: dict[str, Any] = {name: value for name, value in schema.items() if name in KEPT}
    for name in BY_SCHEMA & schema.keys():
        kept[name] = slim(schema[name]) if isinstance(schema[name], Mapping) else schema[name]
    for name in BY_SCHEMAS & schema.keys():
        kept[name] = [slim(one) for one in schema[name]]
    if "properties" in schema:
        kept["properties"] = {name: slim(one) for name, one in schema["properties"].items()}
        if "type" in schema and not schema.get(OPEN):
            kept["additionalProperties"] = False
    if schema.get("nullable"):
        return {"anyOf": [kept, {"type": "null"}]}
    return kept


def renewed(source: str, text: bytes) -> dict[str, Any]:
    """Return what is kept of one definition: where it is from, its kind, and the schema of each version."""
    spec = YAML(typ="safe").load(text)["spec"]
    return {
        "from": source,
        "sha256": sha256(text).hexdigest(),
        "group": spec["group"],
        "kind": spec["names"]["kind"],
        "versions": {
            one["name"]: slim(one["schema"]["openAPIV3Schema"]) for one in spec["versions"] if one.get("served")
        },
    }


def main() -> None:
    """Write a file for each definition that is named."""
    source, *paths = sys.argv[1:]
    for path in map(Path, paths):
        kept = renewed(source, path.read_bytes())
        target = FOLDER / f"{kept['kind']}.json"
        target.write_text(json.dumps(kept, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")
        print(target.name, target.stat().st_size)


if __name__ == "__main__":
    main()
