"""A gift as contenders decode it."""

import msgspec


class Gift(msgspec.Struct, gc=False):
    """The fields that are counted, for those who are given the record's value alone."""

    stream_id: str
    sender_id: str | None
    unit_value: int
    quantity: int
    event_time_ms: int


class KeyedGift(msgspec.Struct, gc=False):
    """The same where the record's key tells the stream."""

    unit_value: int
    quantity: int
    event_time_ms: int
    sender_id: str | None = None
