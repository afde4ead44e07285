"""The boards that ought to have been published, built from the recount as the public values say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from app.audit.tally import Line, Tally, first, rank
from schemas.board import (
    BoardTotals,
    Entry,
    GifterLeaderboard,
    Position,
    StreamEntry,
    StreamLeaderboard,
    StreamTotals,
    Window,
)


@dataclass(frozen=True, slots=True)
class Place:
    """The log position a board is the answer for, and whether it says that it is final."""

    topic: str
    offsets: Mapping[int, int]
    is_final: bool

    @property
    def position(self) -> Position:
        return Position(self.topic, {str(partition): offset for partition, offset in self.offsets.items()})

    @property
    def revision(self) -> int:
        return 2 * sum(offset + 1 for offset in self.offsets.values()) + self.is_final


@dataclass(frozen=True, slots=True)
class LocalTop:
    """What one partition has to say on a board of streams at one offset."""

    unit: str
    window: Window
    lines: list[Line]
    value: int
    sends: int
    ranked: int


def local_top(tally: Tally, count: int) -> LocalTop:
    """Return a copy of the tally's best lines and its sums, which later records do not change."""
    lines = [replace(line) for line in first(tally.lines.values(), count)]
    return LocalTop(tally.unit, tally.window, lines, tally.value, tally.sends, len(tally.lines))


def totals_board(tally: Tally, place: Place) -> dict[str, Any]:
    """Return the StreamTotals of a tally, as plain values."""
    gifts, other = tally.top_gifts()
    board = StreamTotals(
        stream_id=tally.owner,
        channel_id=tally.channel_id,
        channel_name=tally.channel_name,
        unit=tally.unit,
        window=tally.window,
        value=tally.value,
        sends=tally.sends,
        gifters=len(tally.lines),
        gifts=gifts,
        other=other,
        is_final=place.is_final,
        position=place.position,
        revision=place.revision,
    )
    return _plain(board)


def gifters_board(tally: Tally, place: Place, top_n: int) -> dict[str, Any]:
    """Return the GifterLeaderboard of a tally, as plain values."""
    lines = first(tally.lines.values(), top_n)
    board = GifterLeaderboard(
        board="gifters",
        stream_id=tally.owner,
        unit=tally.unit,
        window=tally.window,
        entries=[
            Entry(rank(lines, line), place_no, line.id, line.name, line.value, line.sends, line.reached_ms)
            for place_no, line in enumerate(lines, 1)
        ],
        totals=BoardTotals(tally.value, tally.sends, len(tally.lines)),
        is_final=place.is_final,
        position=place.position,
        revision=place.revision,
    )
    return _plain(board)


def streams_board(scope: str, parts: Sequence[LocalTop], place: Place, top_n: int) -> dict[str, Any]:
    """Return the StreamLeaderboard merged from one local top per partition, as plain values."""
    lines = first([line for part in parts for line in part.lines], top_n)
    board = StreamLeaderboard(
        board="streams",
        scope=scope,
        unit=parts[0].unit,
        window=parts[0].window,
        entries=[_stream_entry(lines, place_no, line) for place_no, line in enumerate(lines, 1)],
        totals=BoardTotals(
            sum(part.value for part in parts),
            sum(part.sends for part in parts),
            sum(part.ranked for part in parts),
        ),
        is_final=place.is_final,
        position=place.position,
        revision=place.revision,
    )
    return _plain(board)


def _stream_entry(lines: list[Line], place_no: int, line: Line) -> StreamEntry:
    return StreamEntry(
        rank=rank(lines, line),
        place=place_no,
        id=line.id,
        name=line.name,
        value=line.value,
        sends=line.sends,
        reached_ms=line.reached_ms,
        channel_id=line.channel_id,
        channel_name=line.name,
    )


def _plain(board: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(board)
    return plain
