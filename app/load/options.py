"""What the load generator is asked for."""

from dataclasses import dataclass, field
from typing import Final

REGIONS: Final = ("US", "DE", "BR", "ID", "GB", "MX")


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on the way, each as a share from 0 to 1. Defaults: section 6 of reference/gifts.md.

    duplicates     a message comes again under the same event id
    reconnects     a message after which the client reconnects, and the last 10 to 20 of its stream come again
    dropped        a frame inside a streak never comes
    lost_finals    the closing frame of a streak never comes
    resent_finals  the closing frame comes again under a fresh event id
    reordered      a frame is overtaken by the next ones
    malformed      a record that can not be counted, of each reason in turn
    slow           a message, or a whole streak, takes 2 to 10 s; `very_slow` 10 to 60 s
    late           a gift is 2 to 8 min old: too late for its minute
    too_old        a gift is older than the horizon
    """

    duplicates: float = 0.005
    reconnects: float = 0.0004
    dropped: float = 0.15
    lost_finals: float = 0.02
    resent_finals: float = 0.02
    reordered: float = 0.02
    malformed: float = 0.001
    slow: float = 0.04
    very_slow: float = 0.01
    late: float = 0.002
    too_old: float = 0.001

    @classmethod
    def none(cls) -> "Faults":
        """Return no faults at all: every message once, whole, and within half a second."""
        return cls(*[0.0] * 11)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """A load, the same bytes whenever the options are the same.

    `rate` is records per second of event time, on the mean and outside spikes. `start_ms` is the event time
    of the first gift, and part of every id. For the answer to hold, `partitions` and the two bounds in ms must
    be those of the pipeline. `spike` is the factor of the spikes; 1 means none.
    """

    rate: float = 1_000.0
    streams: int = 2_000
    gifters: int = 20_000
    seed: int = 1
    start_ms: int = 1_750_000_000_000
    seconds: float = 600.0
    faults: Faults = field(default_factory=Faults)
    spike: float = 8.0
    anonymous: float = 0.01
    regions: tuple[str, ...] = REGIONS
    partitions: int = 4
    horizon_ms: int = 600_000
    lateness_ms: int = 30_000

    def __post_init__(self) -> None:
        """Raise ValueError, naming the option and what is allowed."""
        for name in ("rate", "streams", "gifters", "seconds", "partitions"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: more than 0")
        if self.spike < 1:
            raise ValueError(f"spike is {self.spike}; allowed: 1 (none) or a larger factor")

    @property
    def end_ms(self) -> int:
        """The time at which the load ends."""
        return self.start_ms + int(self.seconds * 1000)

    @property
    def run(self) -> str:
        """What makes the ids of this load different from those of another."""
        return f"{self.start_ms:x}-{self.seed}"
