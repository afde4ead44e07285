"""A gift event that has been checked, with what counting needs of it."""

from mypy_extensions import mypyc_attr


@mypyc_attr(acyclic=True)
class Event:
    """What is left of a `schemas.gift.GiftEvent`, whose fields these are.

    A plain class, because its attributes are read some fifty times a gift: compiled, that is a load from memory.
    """

    __slots__ = (
        "channel_id",
        "channel_name",
        "event_id",
        "event_time_ms",
        "gift_id",
        "gift_name",
        "paid",
        "phase",
        "quantity",
        "recipient_id",
        "region",
        "sender_id",
        "sender_name",
        "streak_id",
        "stream_id",
        "total_value",
        "unit_value",
        "value_unit",
    )

    def __init__(
        self,
        event_id: str,
        stream_id: str,
        channel_id: str,
        sender_id: str | None,
        gift_id: str,
        unit_value: int,
        value_unit: str,
        quantity: int,
        event_time_ms: int,
        phase: str,
        streak_id: str | None,
        recipient_id: str | None,
        sender_name: str | None,
        channel_name: str | None,
        gift_name: str | None,
        total_value: int | None,
        paid: bool,
        region: str | None,
    ) -> None:
        self.event_id = event_id
        self.stream_id = stream_id
        self.channel_id = channel_id
        self.sender_id = sender_id
        self.gift_id = gift_id
        self.unit_value = unit_value
        self.value_unit = value_unit
        self.quantity = quantity
        self.event_time_ms = event_time_ms
        self.phase = phase
        self.streak_id = streak_id
        self.recipient_id = recipient_id
        self.sender_name = sender_name
        self.channel_name = channel_name
        self.gift_name = gift_name
        self.total_value = total_value
        self.paid = paid
        self.region = region
