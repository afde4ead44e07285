"""How single settings are read from text. Each function returns the value or raises ValueError."""

import re
from typing import Final
from zoneinfo import ZoneInfo

from agents.domain.rules import BIG_GIFT
from schemas.ids import MAX_VALUE

_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%]+\]")
_ADDRESS: Final = re.compile(rf"({_HOST.pattern}):([0-9]{{1,5}})")


def address_list(text: str) -> str:
    """Check `host:port[,host:port...]` and return it without spaces.

    A URL is refused: it may hold a password, and broker addresses are shown in logs.
    """
    addresses = [part.strip() for part in text.split(",")]
    for address in addresses:
        match = _ADDRESS.fullmatch(address)
        if match is None or not 0 < int(match[2]) < 65_536:
            raise ValueError("not host:port")
    return ",".join(addresses)


def host(text: str) -> str:
    """Check a host name or IP address to listen on."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.%]+", text):
        raise ValueError("not a host")
    return text


def is_time_zone(text: str) -> str:
    """Check an IANA time zone name."""
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        raise ValueError("no such time zone") from None
    return text


def big_gifts(given: object) -> dict[str, int]:
    """Read `unit=value,...` (or take a mapping), completed with the defaults. Values are native units."""
    pairs = _pairs(given) if isinstance(given, str) else given
    if not isinstance(pairs, dict):
        raise ValueError("not unit=value pairs")
    for unit, value in pairs.items():
        if unit not in BIG_GIFT or not isinstance(value, int) or not 0 < value <= MAX_VALUE:
            raise ValueError("not a unit and a positive whole number")
    return {**BIG_GIFT, **pairs}


def _pairs(text: str) -> dict[str, int]:
    split = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {unit.strip(): int(value) for unit, _, value in split}
