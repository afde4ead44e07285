"""Writes a load as JSON lines, and beside it the answer."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from app.load.options import LoadOptions
from app.load.simulation import Simulation


def answer_path(path: Path) -> Path:
    """Return where the answer of a load in `path` is kept: `NAME.answers.json`."""
    return path.with_name(f"{path.name}.answers.json")


def line_options(options: LoadOptions) -> LoadOptions:
    """Return the same load without malformed records: a file of JSON lines has no keys, nor half a line."""
    return replace(options, faults=replace(options.faults, malformed=0.0))


def write_lines(options: LoadOptions, path: Path) -> dict[str, Any]:
    """Write the load to `path`, one GiftEvent a line in send order; write and return its answer key too."""
    simulation = Simulation(line_options(options))
    with path.open("wb") as file:
        file.writelines(_lines(simulation))
    answer = answer_key(simulation)
    answer_path(path).write_bytes(orjson.dumps(answer, option=orjson.OPT_INDENT_2))
    return answer


def answer_key(simulation: Simulation) -> dict[str, Any]:
    """Return the answer of what was made so far, the options that make it again, and the planned spikes."""
    spikes = [spike._asdict() for spike in simulation.spikes]
    return {"options": asdict(simulation.options), **simulation.answer.as_dict(), "spikes": spikes}


def _lines(simulation: Simulation) -> Iterator[bytes]:
    for send in simulation:
        if send.value is not None:
            yield send.value + b"\n"
