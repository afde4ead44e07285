"""`gifts.dead-letter.v1`: the bytes as they came, and in headers why they were not counted."""

from typing import Annotated, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

Reason = Literal[
    "not_json",
    "bad_type",
    "missing_field",
    "out_of_range",
    "bad_id",
    "bad_key",
    "key_mismatch",
    "wrong_partition",
    "too_large",
    "null_value",
    "confluent_framing",
    "bad_time",
    "too_old",
    "quarantined",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

HEADER_PREFIX: Final = "giftstream."
KEPT_BYTES: Final = 64 * 1024
"""A value over MAX_WHOLE_BYTES is kept as its first 64 KiB, with size and SHA-256 in headers."""

MAX_WHOLE_BYTES: Final = 512 * 1024

Decimal = Annotated[str, Meta(pattern=r"^[0-9]+(?![\s\S])", description="a number in decimal digits")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?![\s\S])", description="SHA-256 in hexadecimal")]


class DeadLetterHeaders(Struct, frozen=True, kw_only=True, rename=lambda name: f"{HEADER_PREFIX}{name}"):
    """The headers of a dead letter, as text in UTF-8. It was read at `offset` of `partition` of `topic`.

    `size` (bytes) and `sha256` are those of the whole value, given if only its beginning was kept.
    """

    reason: Reason
    detail: str
    topic: str
    partition: Decimal
    offset: Decimal
    size: Decimal | UnsetType = UNSET
    sha256: Sha256 | UnsetType = UNSET
