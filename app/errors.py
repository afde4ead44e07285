"""Every error that giftstream raises on purpose, and the exit code that it ends a command with.

    GiftstreamError
    ├── Finding             exit 1: the command did its work and found something wrong
    ├── UsageError          exit 2: it could not begin; what to change is in the message
    │   ├── SettingsError       a GIFTSTREAM_* variable is wrong, unknown, or contradicts another
    │   ├── BrokerUnreachable   no Kafka broker answers
    │   └── AddressTaken        another process listens on the HTTP address
    └── FailStop            exit 3: going on could count wrongly; nothing was committed

A message says what was found, what is allowed, and what to do.
"""

from typing import ClassVar


class GiftstreamError(Exception):
    """`found` is one clause without a full stop, and so are `allowed` and `do`, where given."""

    exit_code: ClassVar[int] = 1

    def __init__(self, found: str, *, allowed: str = "", do: str = "") -> None:
        self.found, self.allowed, self.do = found, allowed, do
        super().__init__(". ".join(filter(None, (found, allowed and f"Allowed: {allowed}", do))))


class Finding(GiftstreamError):
    """The work was done, and something in the data or the cluster is not as it must be."""

    exit_code = 1


class UsageError(GiftstreamError):
    """The command was asked for something that it cannot do."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting is wrong, unknown, or contradicts another."""


class BrokerUnreachable(UsageError):
    """No Kafka broker answers at the configured addresses."""


class AddressTaken(UsageError):
    """The HTTP address is in use."""


class FailStop(GiftstreamError):
    """The worker must not go on. A stopped worker loses nothing."""

    exit_code = 3
