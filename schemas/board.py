"""`stream-totals.v1`, `leaderboards.gifters.v1` and `leaderboards.streams.v1`: full snapshots of one window.

Each names in `position` the log position that it is the exact answer for. `revision` is
2 * sum(offset + 1) + is_final over `position.offsets`, so it never falls and a replay publishes equal bytes.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from schemas.ids import WindowName


class Window(Struct, frozen=True, gc=False):
    """A half-open window of event time, [start_ms, end_ms). `stream` starts at 0 and has no end."""

    name: WindowName
    start_ms: int
    end_ms: int | None


class Position(Struct, frozen=True, gc=False):
    """For each partition of `topic`, the offset of the last record that changed the board."""

    topic: str
    offsets: dict[str, int]


class Entry(Struct, frozen=True, gc=False):
    """One gifter. `rank` is competition rank (1, 2, 2, 4); `place` is unique.

    `reached_ms` is the event time of the gift that made `value`.
    """

    rank: int
    place: int
    id: str
    name: str | None
    value: int
    sends: int
    reached_ms: int


class StreamEntry(Entry, frozen=True, gc=False):
    """One stream, of a channel."""

    channel_id: str
    channel_name: str | None


class BoardTotals(Struct, frozen=True, gc=False):
    """All that was counted in the window, anonymous gifts included; `ranked` is how many ids could be ranked."""

    value: int
    sends: int
    ranked: int


class GifterLeaderboard(Struct, frozen=True, gc=False, kw_only=True):
    """The top gifters of one stream in one unit and window."""

    board: Literal["gifters"]
    stream_id: str
    unit: str
    window: Window
    entries: list[Entry]
    totals: BoardTotals
    is_final: bool
    position: Position
    revision: int
    incomplete: list[str] | UnsetType = UNSET


class StreamLeaderboard(Struct, frozen=True, gc=False, kw_only=True):
    """The top streams of one scope (`global` or `region:<code>`) in one unit and window."""

    board: Literal["streams"]
    scope: str
    unit: str
    window: Window
    entries: list[StreamEntry]
    totals: BoardTotals
    is_final: bool
    position: Position
    revision: int
    incomplete: list[str] | UnsetType = UNSET


class GiftTotal(Struct, frozen=True, gc=False):
    """What one gift of the catalogue brought."""

    gift_id: str
    name: str | None
    value: int
    sends: int


class OtherGifts(Struct, frozen=True, gc=False):
    """The gifts behind the top 20, taken together; `gifts` is how many kinds."""

    gifts: int
    value: int
    sends: int


class StreamTotals(Struct, frozen=True, gc=False, kw_only=True):
    """What one stream was given in one unit and window, and by how many known gifters."""

    stream_id: str
    channel_id: str
    channel_name: str | None
    unit: str
    window: Window
    value: int
    sends: int
    gifters: int
    gifts: list[GiftTotal]
    other: OtherGifts
    is_final: bool
    position: Position
    revision: int
    incomplete: list[str] | UnsetType = UNSET
