"""The boards of one stream's window, counted again from a part of the log, and compared as they were published."""

from collections.abc import Sequence

from app.audit.admission import SourceRecord
from app.audit.difference import difference
from app.audit.expected import gifters_board, totals_board
from app.audit.fate import Fate
from app.audit.options import AuditOptions
from app.audit.published import Claim
from app.audit.recount import Recount
from schemas.gift import GiftEvent


class StreamRecount(Recount):
    """Counts one stream. The others only move the watermark."""

    def __init__(self, options: AuditOptions, partition: int, log_start: int, stream_id: str) -> None:
        super().__init__(options, partition, log_start)
        self._stream_id = stream_id

    def _count(self, event: GiftEvent, offset: int) -> Fate:
        return super()._count(event, offset) if event.stream_id == self._stream_id else Fate("counted", event)


class OneBoard:
    """Totals and gifters under one key: `apply` the records up to the one that the claims name, then ask."""

    def __init__(self, options: AuditOptions, claims: Sequence[Claim], log_start: int) -> None:
        """`claims` have one key and one position; before `log_start` nothing is known, if it is not 0."""
        self.claims = claims
        self.key = claims[0].key
        ((self.partition, self.offset),) = claims[0].place.offsets.items()
        self._options = options
        self._recount = StreamRecount(options, self.partition, log_start, self.key.split("|")[0])

    def apply(self, record: SourceRecord) -> None:
        """Count a record. Records come in offset order."""
        self._recount.apply(record)

    @property
    def is_uncertain(self) -> bool:
        """Whether what lies before the part that was read may have touched the boards."""
        return self._recount.is_uncertain(self.key)

    def differences(self) -> list[str]:
        """Return the first field of each board that differs, as `field: expected X, found Y`."""
        tally = self._recount.streams.get(self.key)
        if tally is None or tally.changed != self.offset:
            return [f"position: expected {None if tally is None else tally.changed}, found {self.offset}"]
        expected = {
            "totals": lambda claim: totals_board(tally, claim.place),
            "gifters": lambda claim: gifters_board(tally, claim.place, self._options.top_n),
        }
        found = (difference(expected[claim.kind](claim), claim.body) for claim in self.claims)
        return [detail for detail in found if detail is not None]
