"""One partition under test: folds records, keeps what it publishes as a compacted topic would, and can crash."""

from collections.abc import Iterable
from typing import Any

import msgspec

from agents.domain.cells import Cells
from agents.domain.fold import GiftFold, Outcome
from agents.domain.messages import Cut
from agents.domain.rules import Rules
from agents.domain.tables import Kind, Tables
from app.engine.changelog import RowLoader, changed_rows
from app.engine.row_form import encode_row
from app.engine.rows import Family
from schemas.board import GifterLeaderboard, StreamTotals
from schemas.partial import Partial, Progress
from tests.builders import AT, SimpleRecord, record

RULES = Rules(partitions=1, partitioner="any")

QUIET_CUTS = 50

Published = dict[tuple[str, str], bytes]


class Partition:
    """A fold over fresh families, and everything that outlives it: the changelog and the published values."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules = rules
        self.changelog: dict[bytes, bytes | None] = {}
        self.mark = 0
        self.published: Published = {}
        self.history: list[tuple[str, str, bytes | None]] = []
        self._begin()

    def _begin(self) -> None:
        self.families: list[Family[Any]] = []
        self.fold = GiftFold(self.rules, 0, Tables.of(self._family))

    def _family(self, kind: Kind) -> Family[Any]:
        family: Family[Any] = Family(kind.tag, kind.row_type, version=kind.version, older=kind.older)
        self.families.append(family)
        return family

    def feed(self, *events: dict[str, Any] | bytes | None, at: int | None = None) -> list[Outcome]:
        """Fold events at the next offsets; `at` is their append time, by default their event time."""
        start = self.fold.position
        return self.feed_records(record(start + i, event, timestamp=at) for i, event in enumerate(events))

    def feed_records(self, records: Iterable[SimpleRecord]) -> list[Outcome]:
        return [self.fold.fold(item) for item in records]

    def cut(self, now_ms: int = AT, idle: bool = False, min_interval_ms: int = 0) -> Cut:
        """Take a cut and make its rows durable; it is not published."""
        cut = self.fold.cut(now_ms, idle, min_interval_ms)
        self.changelog.update(changed_rows(self.families))
        self.mark = self.fold.mark()
        return cut

    def publish(self, cut: Cut) -> None:
        for to, key, value in cut.messages:
            self.keep(to, key, value)
        self.fold.published(cut)

    def flush(self, now_ms: int = AT, idle: bool = False, min_interval_ms: int = 0) -> Cut:
        """Cut and publish."""
        cut = self.cut(now_ms, idle, min_interval_ms)
        self.publish(cut)
        return cut

    def settle(self) -> None:
        """Flush until nothing is left to do; a cut is bounded, so that one without messages need not be the last."""
        quiet = 0
        while quiet < QUIET_CUTS:
            cut = self.flush()
            quiet = 0 if cut.messages or any(family.changed for family in self.families) else quiet + 1

    def crash(self) -> None:
        """Lose everything in memory, and take up the state of the last cut."""
        self._begin()
        loader = RowLoader(self.families)
        loader.load(self.changelog.items())
        self.fold.restore(self.mark)

    def totals(self, key: str) -> StreamTotals:
        return msgspec.json.decode(self.published["totals", key], type=StreamTotals, strict=True)

    def gifters(self, key: str) -> GifterLeaderboard:
        return msgspec.json.decode(self.published["gifters", key], type=GifterLeaderboard)

    def partial(self, key: str) -> Partial:
        return msgspec.json.decode(self.published["partials", f"0|{key}"], type=Partial)

    def progress(self) -> Progress:
        return msgspec.json.decode(self.published["partials", "0"], type=Progress)

    def rows(self) -> dict[tuple[str, str, str], bytes]:
        """All rows as they are written, but each cell whole."""
        return {
            (family.tag, group, member): encode_row(_whole(row) if isinstance(row, Cells) else row)
            for family in self.families
            for group, member, row in family
        }

    def minutes(self) -> dict[str, list[int]]:
        """The starts of the minutes in the only gifter's, gift's and region's row of cells, by tag."""
        rows = {tag: msgspec.msgpack.decode(row) for (tag, _, _), row in self.rows().items()}
        return {tag: [cell[0] // 4 for cell in rows[tag] if cell[0] >= 0 and cell[0] % 4 == 0] for tag in "gfs"}

    def keep(self, to: str, key: str, value: bytes | None) -> None:
        """Publish one message."""
        self.history.append((to, key, value))
        if value is None:
            self.published.pop((to, key), None)
        else:
            self.published[to, key] = value


def _whole(row: Cells) -> list[Any]:
    return [cell.in_window(window) for window, cell in row.all()]
