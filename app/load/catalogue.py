"""The gifts that can be sent, and how often each is."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Gift:
    """One gift of a platform: `price` in native units, and the quantities one tap may send."""

    gift_id: str
    name: str
    unit: str
    price: int
    kind: str = "gift"
    quantities: tuple[int, ...] = (1,)
    streakable: bool = False

    @property
    def weight(self) -> float:
        """How often it is sent: P ~ price^-1, section 6 of reference/gifts.md."""
        return 1.0 / (self.price * self.quantities[0])

    @property
    def members(self) -> bytes:
        """Its part of the JSON of an event."""
        return (
            f'"gift_id":"{self.gift_id}","gift_name":"{self.name}","unit_value":{self.price},'
            f'"value_unit":"{self.unit}","kind":"{self.kind}"'
        ).encode()


CHEAP: Final = 99
"""Gifts up to this many coins are sent in streaks."""

TAPS: Final = (1,) * 97 + (10, 66, 188)
"""Most taps send one; a batch send sends more at once."""

_COINS: Final = (
    *(1,) * 6, 2, 5, 5, 9, 10, 10, 20, 30, 30, 49, 99, 99, 100, 149, 199, 199, 299, 399, 450, 500, 699, 899,
    1_000, 1_088, 1_500, 1_999, 2_999, 4_888, 5_000, 6_999, 7_499, 10_000, 12_999, 15_000, 17_000, 20_000,
    24_999, 25_999, 29_999, 34_999, 39_999, 44_999,
)  # fmt: skip

COINS: Final = tuple(
    Gift(
        gift_id=str(5_000 + number),
        name=f"Gift {5_000 + number}",
        unit="coin",
        price=price,
        quantities=TAPS if price <= CHEAP else (1,),
        streakable=price <= CHEAP,
    )
    for number, price in enumerate(_COINS)
)
BITS: Final = (Gift("cheer", "Cheer", "bit", 1, kind="cheer", quantities=(1, 50, 100, 100, 500, 1_000)),)
SUPER_CHATS: Final = tuple(
    Gift(f"super_chat_{cents}", "Super Chat", "minor:USD", cents, kind="super_chat")
    for cents in (200, 500, 1_000, 2_000, 5_000, 10_000)
)
