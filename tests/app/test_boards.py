"""Which board is the newest, and whose."""

import orjson
import pytest

from app.boards import Board, Boards, asked, newest, owner, wanted
from app.settings import Settings
from app.topology import topology


def a_board(
    stream: str = "tiktok:1", window: str = "1h", start: int = 0, value: int = 10, revision: int = 2, unit: str = "coin"
) -> Board:
    return {
        "board": "gifters",
        "stream_id": stream,
        "unit": unit,
        "window": {"name": window, "start_ms": start, "end_ms": None},
        "entries": [],
        "totals": {"value": value, "sends": 1, "ranked": 0},
        "is_final": False,
        "position": {"topic": "gifts.v1", "offsets": {"0": 0}},
        "revision": revision,
    }


def test_the_last_write_of_a_key_wins() -> None:
    boards = Boards()
    boards.apply(b"k", orjson.dumps(a_board(value=1, revision=2)))
    boards.apply(b"k", orjson.dumps(a_board(value=2, revision=4)))
    assert [board["totals"]["value"] for board in boards] == [2]


def test_a_replay_of_an_older_revision_changes_nothing() -> None:
    boards = Boards()
    boards.apply(b"k", orjson.dumps(a_board(value=2, revision=4)))
    assert boards.apply(b"k", orjson.dumps(a_board(value=1, revision=2))) is None
    assert [board["totals"]["value"] for board in boards] == [2]


def test_a_tombstone_removes_a_board() -> None:
    boards = Boards()
    boards.apply(b"k", orjson.dumps(a_board()))
    boards.apply(b"k", None)
    assert len(boards) == 0


def test_the_newest_window_of_each_owner_and_unit_is_shown_the_largest_first() -> None:
    old, new = a_board(start=0, value=99), a_board(start=3_600_000, value=5)
    bits, other = a_board(unit="bit", value=7), a_board(stream="twitch:2", value=50)
    assert newest([new, old, bits, other]) == [other, bits, new]


@pytest.mark.parametrize(
    ("window", "unit", "answer"),
    [(None, None, True), ("1h", "coin", True), ("1m", None, False), (None, "bit", False)],
)
def test_filters(window: str | None, unit: str | None, answer: bool) -> None:
    assert wanted("tiktok:1", window, unit)(a_board()) is answer


def test_a_streams_board_belongs_to_its_scope() -> None:
    board: Board = {"board": "streams", "scope": "region:DE"}
    assert owner(board) == "region:DE"


def test_without_a_stream_the_streams_of_a_scope_are_asked_for() -> None:
    topic, prefix, test = asked(topology(Settings()), "tiktok:1", "global", None, None)
    assert (topic, prefix) == ("leaderboards.gifters.v1", b"tiktok:1|")
    assert [test(a_board(window=name)) for name in ("stream", "1h")] == [True, False]
    topic, prefix, _ = asked(topology(Settings()), None, "region:DE", None, None)
    assert (topic, prefix) == ("leaderboards.streams.v1", b"region:DE|")
