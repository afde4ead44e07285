"""The boards as their topics tell them: of each key the newest value. Pure; `topic_reader` reads."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from app.topology import Topology

Board = dict[str, Any]
"""A decoded value of one of the board topics, or of the spikes topic."""


class Boards:
    """The newest value of every key. The last write wins; a revision that is lower is an old one, re-sent."""

    def __init__(self) -> None:
        self._boards: dict[str, Board] = {}

    def apply(self, key: bytes | None, value: bytes | None) -> Board | None:
        """Take one record, and return the board if it is news. None as `value` is a tombstone."""
        name = (key or b"").decode(errors="replace")
        if value is None:
            self._boards.pop(name, None)
            return None
        board: Board = orjson.loads(value)
        held = self._boards.get(name)
        if held is not None and held.get("revision", 0) > board.get("revision", 0):
            return None
        self._boards[name] = board
        return board

    def __iter__(self) -> Iterator[Board]:
        return iter(self._boards.values())

    def __len__(self) -> int:
        return len(self._boards)


def newest(boards: Iterable[Board]) -> list[Board]:
    """Return of each owner, unit and window name the board that starts last; largest value first."""
    latest: dict[tuple[str, str, str], Board] = {}
    for board in boards:
        key = (owner(board), board["unit"], board["window"]["name"])
        held = latest.get(key)
        if held is None or board["window"]["start_ms"] > held["window"]["start_ms"]:
            latest[key] = board
    return sorted(latest.values(), key=lambda board: (-board["totals"]["value"], owner(board), board["unit"]))


def owner(board: Board) -> str:
    """Return whose board it is: a stream id, or a scope such as `global`."""
    return str(board["stream_id"] if board["board"] == "gifters" else board["scope"])


def wanted(of: str, window: str | None, unit: str | None) -> Callable[[Board], bool]:
    """Return a test for the boards of one stream or scope, in one window and unit; None is any."""

    def test(board: Board) -> bool:
        return owner(board) == of and window in (None, board["window"]["name"]) and unit in (None, board["unit"])

    return test


class Asked(NamedTuple):
    """Which boards are to be shown: the topic they are on, how their keys begin, and a test for each."""

    topic: str
    prefix: bytes
    test: Callable[[Board], bool]


def asked(topics: Topology, stream: str | None, scope: str, window: str | None, unit: str | None) -> Asked:
    """Return which boards: a stream's gifters, by default in `stream`, or a scope's streams, by default in `1h`."""
    of = stream or scope
    test = wanted(of, window or ("1h" if stream is None else "stream"), unit)
    return Asked((topics.streams if stream is None else topics.gifters).name, f"{of}|".encode(), test)
