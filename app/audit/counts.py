"""What became of the records of the source log."""

from msgspec import Struct, field

from schemas.dead_letter import Reason


class Counts(Struct):
    """counted + unchanged + duplicates + dead letters = records.

    `unchanged` are streak frames that add nothing; `late` is the part of counted that missed its `1m` window.
    """

    counted: int = 0
    unchanged: int = 0
    duplicates: int = 0
    late: int = 0
    dead_lettered: dict[Reason, int] = field(default_factory=dict)

    @property
    def records(self) -> int:
        return self.counted + self.unchanged + self.duplicates + sum(self.dead_lettered.values())

    def reject(self, reason: Reason, records: int = 1) -> None:
        """Count dead letters."""
        self.dead_lettered[reason] = self.dead_lettered.get(reason, 0) + records

    def add(self, other: "Counts") -> None:
        """Add the counts of another partition."""
        self.counted += other.counted
        self.unchanged += other.unchanged
        self.duplicates += other.duplicates
        self.late += other.late
        for reason, records in other.dead_lettered.items():
            self.reject(reason, records)
