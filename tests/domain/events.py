"""What counting needs of a gift event, beside the event as it came."""

from typing import Any, Final

from agents.domain.event import Event
from schemas.gift import GiftEvent

_UNUSED: Final = ("platform", "kind", "anonymous")
_NAMES: Final = [name for name in GiftEvent.__struct_fields__ if name not in _UNUSED]


def parts(event: Event | GiftEvent) -> dict[str, Any]:
    """Return the fields that counting needs, by name."""
    return {name: getattr(event, name) for name in _NAMES}


def checked(event: GiftEvent) -> Event:
    """Return an event as the check hands it on."""
    return Event(**parts(event))
