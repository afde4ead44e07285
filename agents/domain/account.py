"""The row that says how far the partition is."""

from typing import Any, Self

from mypy_extensions import i64, mypyc_attr

from agents.domain.rows import Fields, Row
from agents.domain.small_rows import Gap
from schemas.partial import Ledger


@mypyc_attr(acyclic=True)
class Account(Row):
    """How far the partition is, what became of its records (as in `schemas.partial.Ledger`), and which were lost."""

    __slots__ = (
        "big_gifts",
        "counted",
        "dead_lettered",
        "duplicates",
        "gaps",
        "late",
        "position",
        "spikes",
        "unchanged",
        "watermark",
    )

    def __init__(
        self,
        position: i64 = 0,
        watermark: i64 = 0,
        counted: i64 = 0,
        unchanged: i64 = 0,
        duplicates: i64 = 0,
        dead_lettered: i64 = 0,
        late: i64 = 0,
        spikes: i64 = 0,
        big_gifts: i64 = 0,
        gaps: list[Gap] | None = None,
    ) -> None:
        self.position = position
        self.watermark = watermark
        self.counted = counted
        self.unchanged = unchanged
        self.duplicates = duplicates
        self.dead_lettered = dead_lettered
        self.late = late
        self.spikes = spikes
        self.big_gifts = big_gifts
        self.gaps: list[Gap] = [] if gaps is None else gaps

    @classmethod
    def unpack(cls, fields: list[Any]) -> Self:
        """Make an account of its fields."""
        return cls(*[*fields[:9], [Gap(*gap) for gap in fields[9]]])

    def pack(self) -> Fields:
        """Return the fields."""
        return (
            self.position,
            self.watermark,
            self.counted,
            self.unchanged,
            self.duplicates,
            self.dead_lettered,
            self.late,
            self.spikes,
            self.big_gifts,
            self.gaps,
        )

    def ledger(self) -> Ledger:
        """Return the public ledger."""
        return Ledger(*(getattr(self, name) for name in Ledger.__struct_fields__))
