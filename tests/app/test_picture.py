"""The picture in the README is the one that the code makes."""

from pathlib import Path
from xml.etree import ElementTree

from app.demo.picture import save

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "board.svg"


def test_the_picture_is_that_of_the_code(tmp_path: Path) -> None:
    made = tmp_path / "board.svg"
    save(made)
    assert PICTURE.read_bytes() == made.read_bytes(), "renew it: python -m app.demo.picture docs/board.svg"


def test_the_picture_shows_boards_and_a_spike() -> None:
    shown = "".join(ElementTree.parse(PICTURE).getroot().itertext()).replace("\xa0", " ")
    for words in ("top streams, global", "top gifters of", "exact at", "▲ spike", "counted", "/metrics"):
        assert words in shown


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    assert "url(http" not in PICTURE.read_text(encoding="utf-8").replace('"', "")
