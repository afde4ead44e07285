"""A gift as contenders decode it who are given the record's value alone."""

import msgspec


class Gift(msgspec.Struct, gc=False):
    """The fields that are counted."""

    stream_id: str
    sender_id: str | None
    unit_value: int
    quantity: int
    event_time_ms: int
