"""The constrained scalars that the public values share.

A pattern ends in `(?![\\s\\S])`, "nothing follows", because `$` would let a trailing newline through.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta

MAX_VALUE: Final = 10**12
"""The largest value of one gift, in native units."""

MAX_QUANTITY: Final = 10**9

Id = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=r"^[!-{}~]+(?![\s\S])",
        description="1 to 128 printable ASCII characters without space or |",
    ),
]
Unit = Annotated[
    str,
    Meta(
        pattern=r"^(coin|bit|jewel|kick|gold_seed|minor:[A-Z]{3})(?![\s\S])",
        description="coin, bit, jewel, kick, gold_seed, or minor:<ISO 4217>",
    ),
]
Region = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,16}(?![\s\S])", description="a region code, such as DE")]
Value = Annotated[int, Meta(ge=0, le=MAX_VALUE, description="native units; never added across units")]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]

Platform = Literal["tiktok", "douyin", "twitch", "youtube", "bilibili", "kick", "other"]
Phase = Literal["single", "streak_update", "streak_end"]
Kind = Literal["gift", "cheer", "super_chat", "sub_gift"]
WindowName = Literal["1m", "1h", "1d", "stream"]
