"""`engagement-spikes.v1`: many at once, or one big gift. Keyed by `spike_id`; the newest value wins."""

from typing import Literal

from msgspec import Struct

from schemas.board import Position


class Contributor(Struct, frozen=True):
    """One of the up to three gifters with the most sends in the spike."""

    id: str
    sends: int


class SpikeUpdate(Struct, frozen=True, kw_only=True):
    """A spike that starts, reaches a new peak, or ends.

    `gifters` distinct gifters gave within the last 60 s where `expected` were; `score` is how many standard
    deviations that is; `peak_gifters` is the most so far. `values` and `sends` sum the spike so far.
    """

    kind: Literal["spike"]
    spike_id: str
    stream_id: str
    phase: Literal["start", "peak", "end"]
    started_ms: int
    as_of_ms: int
    gifters: int
    expected: float
    score: float
    severity: int
    peak_gifters: int
    values: dict[str, int]
    sends: int
    top: list[Contributor]
    cause: str | None
    position: Position


class BigGift(Struct, frozen=True, kw_only=True):
    """One gift at or above its unit's threshold. `spike_id` is `stream|big_gift|event_id`."""

    kind: Literal["big_gift"]
    spike_id: str
    stream_id: str
    event_id: str
    sender_id: str | None
    sender_name: str | None
    gift_id: str
    gift_name: str | None
    unit: str
    value: int
    quantity: int
    event_time_ms: int
    position: Position
