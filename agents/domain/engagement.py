"""What is known about the engagement of one stream: its row, its tallies, and how a counted gift gets into them.

All state of the detector (`agents.domain.detector`) is in them. Times are counted in 5 s buckets of event time; a
boundary is the number of the bucket that begins there. Each bucket's tally is a row of its own: a gift changes one of
them, and who has thousands of gifters a minute writes those of five seconds only. Its key is a slot of the stream,
which another bucket takes once this one has left W: a key a bucket would leave a tombstone for each in the changelog.
"""

from typing import Any, Final, Self

from mypy_extensions import mypyc_attr

from agents.domain.rows import Fields, Row

BUCKET_MS: Final = 5_000
WINDOW: Final = 12
"""W, the last 60 s, in buckets. All spans of time below are in buckets too."""

START_GIFTERS: Final = 4
FORGET_AFTER: Final = 1440
"""A stream without gifts for so long, two hours, is as good as new."""

PRIOR: Final = 0.25
"""Before anything is known of a stream: one gifter a window, with the weight of a quarter window. A heavier prior
makes streams that begin with a crowd start a spike as soon as they are warm."""

UNKNOWN: Final = -1
"""The bucket of a tally whose row does not tell it: of version 1, where it is the key."""

ANONYMOUS: Final = ""
"""All whom nobody knows, taken as one gifter. No id is empty."""

MOST_GIFTERS: Final = 512
"""Bounds the row: so many are told apart in one bucket, 6,144 a minute."""

MOST_CONTRIBUTORS: Final = 256
KEPT_CONTRIBUTORS: Final = 64
"""Of more contributors to a spike than the one number, the other are kept; up to then they are exact."""

SEVERE: Final = (5.0, 8.0)


@mypyc_attr(acyclic=True)
class Tally(Row):
    """What was given, and by whom: how many gifts, how much per unit, how many gifts per gifter."""

    __slots__ = ("gifters", "sends", "values")

    def __init__(
        self, sends: int = 0, values: dict[str, int] | None = None, gifters: dict[str, int] | None = None
    ) -> None:
        self.sends = sends
        self.values: dict[str, int] = values or {}
        self.gifters: dict[str, int] = gifters or {}

    def pack(self) -> Fields:
        """Return the fields."""
        return self.sends, self.values, self.gifters

    def add(self, unit: str, quantity: int, value: int) -> None:
        """Add a gift."""
        self.sends += quantity
        self.values[unit] = self.values.get(unit, 0) + value

    def merge(self, other: "Tally") -> None:
        """Add all of another tally, but its gifters."""
        self.sends += other.sends
        for unit, value in other.values.items():
            self.values[unit] = self.values.get(unit, 0) + value

    def top(self, most: int = 3) -> list[tuple[str, int]]:
        """Return who is known and sent the most gifts, most first, then by id."""
        known = ((gifter, sends) for gifter, sends in self.gifters.items() if gifter != ANONYMOUS)
        return sorted(known, key=lambda item: (-item[1], item[0]))[:most]


@mypyc_attr(acyclic=True)
class BucketTally(Tally):
    """The tally of one bucket.

    Not written with it: `slot`, which is its key, and `run`, the run in which it changed last.
    """

    __slots__ = ("bucket", "run", "slot")

    def __init__(
        self,
        sends: int = 0,
        values: dict[str, int] | None = None,
        gifters: dict[str, int] | None = None,
        bucket: int = UNKNOWN,
        slot: str = "",
    ) -> None:
        super().__init__(sends, values, gifters)
        self.bucket = bucket
        self.slot = slot
        self.run = -1

    def pack(self) -> Fields:
        """Return the fields."""
        return self.sends, self.values, self.gifters, self.bucket


@mypyc_attr(acyclic=True)
class Spike(Row):
    """A spike that is active, or (`ended` is set) cooling. `started`, `resumed` and `ended` are boundaries.

    `tally` sums the gifts from the bucket `since` on, the first of the W that set it off.
    """

    __slots__ = ("calm", "ended", "highest", "peak", "resumed", "since", "started", "tally")

    def __init__(
        self,
        started: int,
        resumed: int,
        since: int,
        tally: Tally,
        peak: int = 0,
        highest: float = 0.0,
        calm: int = 0,
        ended: int | None = None,
    ) -> None:
        self.started = started
        self.resumed = resumed
        self.since = since
        self.tally = tally
        self.peak = peak
        self.highest = highest
        self.calm = calm
        self.ended = ended

    @classmethod
    def unpack(cls, fields: list[Any]) -> Self:
        """Make a spike of its fields."""
        return cls(*[*fields[:3], Tally.unpack(fields[3]), *fields[4:]])

    def pack(self) -> Fields:
        """Return the fields."""
        return (
            self.started,
            self.resumed,
            self.since,
            self.tally.pack(),
            self.peak,
            self.highest,
            self.calm,
            self.ended,
        )

    @property
    def severity(self) -> int:
        """1 to 3, from the highest score so far."""
        return 1 + sum(self.highest > limit for limit in SEVERE)

    def contribute(self, gifter: str, sends: int) -> None:
        """Add to what one gifter has sent."""
        gifters = self.tally.gifters
        gifters[gifter] = gifters.get(gifter, 0) + sends
        if len(gifters) > MOST_CONTRIBUTORS:
            self.tally.gifters = dict(self.tally.top(KEPT_CONTRIBUTORS))


@mypyc_attr(acyclic=True)
class Engagement(Row):
    """The detector's state for one stream.

    `first` and `newest` are buckets of gifts; `at` is the boundary evaluated last. `count` gifters in `windows` windows
    is the baseline as of the boundary `fed`; `held` is how many the window had that is fed to it next.

    Not written with it: `recent`, the tallies of the buckets of W and of later ones; `free`, the slots of those that
    have left W; `crowd`, a quick bound: without another gift, W never has more distinct gifters; and `run`, the run in
    which the row changed last.
    """

    __slots__ = (
        "at",
        "confirmations",
        "count",
        "crowd",
        "fed",
        "first",
        "free",
        "held",
        "newest",
        "recent",
        "run",
        "spike",
        "windows",
    )

    def __init__(
        self,
        first: int,
        newest: int,
        at: int,
        fed: int,
        count: float = PRIOR,
        windows: float = PRIOR,
        held: int = 0,
        confirmations: int = 0,
        spike: Spike | None = None,
    ) -> None:
        self.first = first
        self.newest = newest
        self.at = at
        self.fed = fed
        self.count = count
        self.windows = windows
        self.held = held
        self.confirmations = confirmations
        self.spike = spike
        self.recent: dict[int, BucketTally] = {}
        self.free: list[str] = []
        self.crowd = 0
        self.run = -1

    @classmethod
    def unpack(cls, fields: list[Any]) -> Self:
        """Make an engagement of its fields."""
        return cls(*[*fields[:8], fields[8] and Spike.unpack(fields[8])])

    @classmethod
    def unpack_first(cls, fields: list[Any]) -> Self:
        """Make an engagement of the fields of version 1, which had the tallies between the others."""
        row = cls.unpack([*fields[:8], fields[9]])
        for bucket, tally in fields[8].items():
            row.recent[bucket] = BucketTally(*[*tally, bucket, row.slot()])
        return row

    def pack(self) -> Fields:
        """Return the fields."""
        return (
            self.first,
            self.newest,
            self.at,
            self.fed,
            self.count,
            self.windows,
            self.held,
            self.confirmations,
            self.spike and self.spike.pack(),
        )

    @property
    def active(self) -> bool:
        """Whether a spike has started and not ended."""
        return self.spike is not None and self.spike.ended is None

    @property
    def restless(self) -> bool:
        """Whether a spike might start or end without another gift: if not, the row need not be looked at."""
        return self.crowd >= START_GIFTERS or self.active

    def hold(self, tallies: dict[str, BucketTally]) -> None:
        """Take up the stream's tallies, by slot, as they were kept; some may have left W before `at`."""
        self.recent = {}
        self.free = []
        for slot, tally in tallies.items():
            tally.slot = slot
            if tally.bucket == UNKNOWN:
                tally.bucket = int(slot)
            if tally.bucket < self.at - WINDOW:
                self.free.append(slot)
            else:
                self.recent[tally.bucket] = tally
        self.crowd = sum([len(tally.gifters) for tally in self.recent.values()])

    def slot(self) -> str:
        """Return a slot for one more tally: the one free for longest. The letter tells it from a key of version 1."""
        return self.free.pop(0) if self.free else f"s{len(self.recent)}"

    def reach(self, at: int) -> None:
        """Move to the boundary `at`, and let go of buckets that have left W: rows stay until their slot is taken."""
        self.at = at
        for bucket in [bucket for bucket in self.recent if bucket < at - WINDOW]:
            tally = self.recent.pop(bucket)
            self.free.append(tally.slot)
            self.crowd -= len(tally.gifters)

    def gifters(self) -> int:
        """Return how many distinct gifters gave in W, which ends at the boundary `at`."""
        crowds = [tally.gifters for bucket, tally in self.recent.items() if bucket < self.at]
        return len(crowds[0]) if len(crowds) == 1 else len(set().union(*crowds))


def begin(bucket: int, at: int) -> Engagement:
    """Return the state of a stream whose first gift is in `bucket`, when the watermark is at the boundary `at`.

    The first whole window is the first that the baseline takes in.
    """
    first = max(bucket, at)
    return Engagement(first=first, newest=bucket, at=at, fed=first + WINDOW)


def forgotten(row: Engagement, at: int) -> bool:
    """Return whether a stream has been without gifts for so long that it begins anew."""
    return at - row.newest > FORGET_AFTER


def note(row: Engagement, gifter: str, bucket: int, unit: str, quantity: int, value: int) -> BucketTally | None:
    """Take in a counted gift, and return its bucket's tally.

    A late one counts as far as its bucket is still in W, or there is no tally, or in the spike.
    """
    tally: BucketTally | None = None
    if bucket > row.newest:
        row.newest = bucket
    if bucket > row.at - WINDOW:
        tally = row.recent.get(bucket)
        if tally is None:
            tally = BucketTally(bucket=bucket, slot=row.slot())
            row.recent[bucket] = tally
        tally.add(unit, quantity, value)
        gifters = tally.gifters
        given = gifters.get(gifter)
        if given is not None:
            gifters[gifter] = given + quantity
        elif len(gifters) < MOST_GIFTERS:
            gifters[gifter] = quantity
            row.crowd += 1
    spike = row.spike
    if spike is not None and bucket >= spike.since:
        spike.tally.add(unit, quantity, value)
        spike.contribute(gifter, quantity)
    return tally
