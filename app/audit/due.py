"""Boards that must have been published by the time the audit began, and whether they were."""

from collections.abc import Mapping
from typing import NamedTuple

from app.audit.claims import Claims
from app.audit.options import BoardKind
from app.audit.recount import Recount, expires
from app.audit.tally import Tally
from app.audit.verdicts import Verdicts


class Due(NamedTuple):
    """A board's last change before the committed position of a partition, and the last watermark at which it is kept.

    0 stands for one that is long past.
    """

    changed: int
    expires_ms: int


def last_changes(recount: Recount, tallies: Mapping[str, Tally]) -> dict[str, int]:
    """Return the offset of the last change of each board that is still to be read somewhere."""
    return {
        key: tally.changed
        for key, tally in tallies.items()
        if not recount.is_expired(tally) and not recount.is_uncertain(key)
    }


def still_due(changes: Mapping[str, int], recount: Recount, tallies: Mapping[str, Tally]) -> dict[str, Due]:
    """Return the same boards at the end of the log, by which a running worker may have removed some."""
    return {key: Due(changed, expires(tallies[key]) if key in tallies else 0) for key, changed in changes.items()}


def require(
    kind: BoardKind, key: str, due: Mapping[int, Due], watermark: int, claims: Claims, verdicts: Verdicts
) -> None:
    """See that a board is there, and not older than its last change in any partition.

    `watermark` is that of the end of the log; for a board of streams the newest of all partitions, since the first
    one that is past the retention ends it. So it may never have been published, if the others were so far behind.
    """
    is_over = any(each.expires_ms < watermark for each in due.values())
    if not claims.is_there(kind, key):
        if kind != "streams" or not is_over:
            verdicts.find("missing", kind, key, f"position.offsets: expected {_changes(due)}, found no board")
    elif claims.is_tombstoned(kind, key):
        if not is_over:
            detail = "expected a board until its retention is over, found a tombstone"
            verdicts.find("missing", kind, key, detail)
    elif (latest := claims.latest(kind, key)) is not None:
        offsets = latest.place.offsets
        behind = {p: each for p, each in due.items() if offsets.get(p, -1) < each.changed}
        if behind:
            found = {p: offsets.get(p) for p in behind}
            verdicts.find("stale", kind, key, f"position.offsets: expected {_changes(behind)}, found {found}")


def _changes(due: Mapping[int, Due]) -> dict[int, int]:
    return {partition: each.changed for partition, each in due.items()}
