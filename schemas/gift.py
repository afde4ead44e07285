"""`gifts.v1`: one gift as it was sent, whatever platform it came from."""

from msgspec import Struct

from schemas.ids import Id, Kind, Phase, Platform, Quantity, Region, Unit, Value


class GiftEvent(Struct, frozen=True, gc=False):
    """One message about a gift. Inside a streak, `quantity` and `total_value` are cumulative.

    `event_id` and `stream_id` begin with `platform:`; `sender_id` is null if and only if `anonymous`;
    `streak_id` is given unless `phase` is `single`. Times are milliseconds since the epoch.
    """

    event_id: Id
    platform: Platform
    stream_id: Id
    channel_id: Id
    sender_id: Id | None
    gift_id: Id
    unit_value: Value
    value_unit: Unit
    quantity: Quantity
    event_time_ms: int
    phase: Phase
    streak_id: Id | None = None
    kind: Kind = "gift"
    recipient_id: Id | None = None
    sender_name: str | None = None
    channel_name: str | None = None
    gift_name: str | None = None
    total_value: Value | None = None
    paid: bool = True
    region: Region | None = None
    anonymous: bool = False
