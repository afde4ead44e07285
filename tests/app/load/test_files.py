"""A load in a file: lines that `produce` takes, and the answer beside them."""

from pathlib import Path

import orjson

from agents.domain.decode import decode
from agents.domain.event import Event
from app.load.files import answer_path, write_lines
from app.load.options import LoadOptions


def test_every_line_is_a_gift_event_and_the_answer_covers_all(tmp_path: Path) -> None:
    path = tmp_path / "load.jsonl"

    answer = write_lines(LoadOptions(rate=200, streams=10, seconds=20), path)

    lines = path.read_bytes().splitlines()
    assert all(isinstance(decode(line), Event) for line in lines)
    assert answer["sent"] == len(lines) > 0
    assert set(answer["dead_letters"]) <= {"too_old"}


def test_the_answer_stands_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "load.jsonl"

    answer = write_lines(LoadOptions(rate=50, streams=3, seconds=5), path)

    assert answer_path(path).name == "load.jsonl.answers.json"
    kept = orjson.loads(answer_path(path).read_bytes())
    assert kept["totals"] == answer["totals"]
    assert kept["options"]["seed"] == 1
    assert kept["spikes"][0]["factor"] == 8
