"""The version of giftstream."""

from typing import Final

VERSION: Final = "0.1.0"
