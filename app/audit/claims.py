"""All that has been published, filed under the source records it claims to be the answer for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from app.audit.options import BoardKind
from app.audit.published import Boards, Claim, Published, read_claim
from app.audit.verdicts import Verdicts


class Claims:
    """Each claim waits until the recount has applied the record that it names."""

    def __init__(self, boards: Boards, topic: str, verdicts: Verdicts) -> None:
        self._boards = boards
        self._topic = topic
        self._verdicts = verdicts
        self._waiting: dict[tuple[int, int], list[Claim]] = defaultdict(list)
        self._latest: dict[tuple[BoardKind, str], Claim] = {}
        for kind, keys in boards.items():
            for key, records in keys.items():
                self._file(kind, key, records)

    def take(self, partition: int, offset: int) -> Sequence[Claim]:
        """Return, and file no longer, what waits for a record of the source."""
        return self._waiting.pop((partition, offset), ())

    def left(self) -> Iterator[tuple[int, int, Claim]]:
        """Yield what still waits: partition and offset of the record, and the claim."""
        for (partition, offset), claims in self._waiting.items():
            for claim in claims:
                yield partition, offset, claim

    def is_there(self, kind: BoardKind, key: str) -> bool:
        """Say whether anything is published under the key, be it a tombstone."""
        return bool(self._boards.get(kind, {}).get(key))

    def is_tombstoned(self, kind: BoardKind, key: str) -> bool:
        """Say whether the newest record of a key that is there is a tombstone."""
        return self._boards[kind][key][-1].value is None

    def latest(self, kind: BoardKind, key: str) -> Claim | None:
        """Return what the newest record of a key claims; None if it is not readable."""
        return self._latest.get((kind, key))

    def _file(self, kind: BoardKind, key: str, records: Sequence[Published]) -> None:
        revision = -1
        for record in records:
            self._latest.pop((kind, key), None)
            if record.value is None:
                continue
            claim = read_claim(kind, key, record, self._topic)
            if isinstance(claim, str):
                self._verdicts.unreadable(kind, key, claim)
                continue
            self._wait(claim)
            if claim.revision < revision:
                detail = f"revision: {revision} was followed by {claim.revision}"
                self._verdicts.find("revision_fell", kind, key, detail)
            revision = claim.revision

    def _wait(self, claim: Claim) -> None:
        self._latest[claim.kind, claim.key] = claim
        for source in claim.place.offsets.items():
            self._waiting[source].append(claim)
