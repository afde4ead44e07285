"""Is the source log still the one that the state was made from, and where does it go on?"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import structlog

from app.engine.commit import Commit, record_hash
from app.engine.errors import SettingsChanged, SourceChanged, SourceLost
from app.engine.partition import Identity
from app.engine.reader import LogReader

logger = structlog.get_logger(__name__)


class Start(NamedTuple):
    """Where a partition goes on: the next offset to fold, the end of the log, and the records lost before, if any."""

    position: int
    end: int
    lost: tuple[int, int] | None = None


class SourceCheck:
    """Checks one source topic against the commit rows of its partitions.

    `accepted` maps a partition to the first offset that is still there, as the operator was told it. `whole`: counting
    was meant to begin at 0, so what a log has lost before it begins is lost to a state that is empty, too.
    """

    def __init__(
        self, source: str, identity: Identity, reader: LogReader, accepted: Mapping[int, int], whole: bool = False
    ) -> None:
        self._source = source
        self._identity = identity
        self._reader = reader
        self._accepted = accepted
        self._whole = whole

    async def start(self, number: int, commit: Commit | None) -> Start:
        """Return where the partition goes on. Raises SettingsChanged, SourceChanged or SourceLost."""
        first, end = await self._reader.bounds(self._source, number)
        if commit is None:
            if first > 0:
                logger.warning("the log does not begin at 0, counting begins where it does", partition=number, at=first)
            return Start(first, end, (0, first) if self._whole and first > 0 else None)
        self._same_settings(commit)
        if commit.position > end:
            raise SourceChanged(
                f"{self._source}[{number}] ends at {end}, but the state has counted up to {commit.position}: the topic "
                f"was recreated or truncated; {WAY_OUT}"
            )
        if commit.position < first:
            return Start(first, end, self._lost(number, commit.position, first))
        if commit.last_offset >= first:
            await self._same_record(number, commit)
        return Start(commit.position, end)

    def _same_settings(self, commit: Commit) -> None:
        found = Identity(commit.partitions, commit.settings)
        if found != self._identity:
            raise SettingsChanged(
                f"the state was counted with {found.partitions} partitions and {found.settings}; this worker has "
                f"{self._identity.partitions} and {self._identity.settings}; go back to those settings, or count anew "
                "under a new GIFTSTREAM_APP_ID"
            )

    def _lost(self, number: int, position: int, first: int) -> tuple[int, int]:
        if self._accepted.get(number) != first:
            raise SourceLost(
                f"{self._source}[{number}] begins at {first}, but the next record to count is {position}: retention "
                f"deleted {first - position} records before they were counted; restore them, or accept the loss with "
                f"--accept-gap {number}:{first}, which the boards will then show as incomplete"
            )
        logger.warning("records are lost to retention, as accepted", partition=number, begin=position, end=first)
        return position, first

    async def _same_record(self, number: int, commit: Commit) -> None:
        record = await self._reader.record_at(self._source, number, commit.last_offset)
        if record is None or record_hash(record) != commit.last_hash:
            raise SourceChanged(
                f"{self._source}[{number}]: record {commit.last_offset} is not the one that was counted: the topic was "
                f"recreated; {WAY_OUT}"
            )


WAY_OUT: Final = "restore it, or start with a new GIFTSTREAM_APP_ID to count the log as it is now"
