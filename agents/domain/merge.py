"""The boards of all partitions: what the newest partial of each partition says, taken together.

A partial is a partition's whole local top, so the newest one (highest offset) wins, drop-outs vanish and replays change
nothing. A stream lives in one partition, so the first N of all local first N are the first N of all.

A board is final when every partition's watermark has passed its close. A partition without records has no watermark
that moves, so by wall clock (`finalise`) idle partitions are left out of that, for boards that closed 30 s ago or more.
What was final stays final until a partial changes: revisions never fall.

A board is over as soon as one partition is past its retention: it has withdrawn its partial, or told a watermark so
far. What the others, further behind, still tell of it would be a board without that partition's streams.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice
from typing import Final

import orjson

from agents.domain.ranking import competition_ranks
from agents.domain.rules import Rules
from agents.domain.windows import Calendar
from schemas.partial import Partial, PartialEntry, Progress

IDLE_MS: Final = 30_000
"""A partition is idle when its position has not moved for so long, by wall clock."""

NEVER: Final = 2**62


class MergedBoard:
    """One board's newest partials by partition, and the revision that is published (-1: none).

    `closes` and `expires` are watermarks: from the one on it is final, beyond the other it is over. It is over, too,
    once a partition has withdrawn its partial: `is_over` from the call of `changed` on that tells so.
    """

    __slots__ = ("closes", "expires", "is_over", "is_withdrawn", "partials", "published", "waiting")

    def __init__(self, closes: int, expires: int) -> None:
        self.partials: dict[int, Partial] = {}
        self.closes = closes
        self.expires = expires
        self.is_over = False
        self.is_withdrawn = False
        self.published = -1
        self.waiting = False


class Merge:
    """Takes partials and progress in any order, gives the merged boards that changed."""

    def __init__(self, rules: Rules) -> None:
        """Raises zoneinfo.ZoneInfoNotFoundError when `rules.time_zone` is unknown."""
        self._rules = rules
        self._calendar = Calendar(rules)
        self._boards: dict[str, MergedBoard] = {}
        self._changed: dict[str, None] = {}
        self._closing: list[tuple[int, str]] = []
        self._expiring: list[tuple[int, str]] = []
        self._progress: dict[int, Progress] = {}
        self._told: dict[int, int] = {}
        self._moved: dict[int, tuple[int, int]] = {}
        self._by_clock = 0
        self._newest = 0
        self._newest_before = NEVER

    def apply(self, key: str, partial: Partial | None) -> None:
        """Take in a record of the partials topic, key `partition|scope|unit|window|start_ms`; None withdraws it.

        A partial that is no newer than the one known changes nothing; neither does a key of another form.
        """
        partition, _, name = key.partition("|")
        if not name or not partition.isdecimal():
            return
        board = self._board(name)
        known = board.partials.get(int(partition))
        if partial is None:
            board.is_withdrawn = True
        elif known is None or partial.offset > known.offset:
            board.partials[int(partition)] = partial
            self._tells(int(partition), partial.offset + 1)
        else:
            return
        self._changed[name] = None

    def progress(self, progress: Progress) -> None:
        """Take in how far a partition is. An older one than is known changes nothing."""
        known = self._progress.get(progress.partition)
        if known is None or progress.position > known.position:
            self._by_clock = min(self._by_clock, progress.watermark_ms)
        elif progress.position < known.position or progress.watermark_ms < known.watermark_ms:
            return
        self._progress[progress.partition] = progress
        self._tells(progress.partition, progress.position)
        self._newest = max(self._newest, progress.watermark_ms)

    def finalise(self, now_ms: int) -> None:
        """Let boards be final by wall clock (ms) that closed 30 s ago and that every busy partition has passed.

        A partition is busy when its position moved in the last 30 s, as far as calls of this have seen. Its partials
        tell of that before its progress does, which says how far it is.
        """
        for partition, position in self._told.items():
            if self._moved.get(partition, (-1, 0))[0] != position:
                self._moved[partition] = (position, now_ms)
        busy = (self._watermark(partition) for partition in self._told if now_ms - self._moved[partition][1] < IDLE_MS)
        self._by_clock = min(now_ms - IDLE_MS, *busy, NEVER)

    def remember(self, key: str, revision: int | None) -> None:
        """Take in what was published before a restart, so that no revision falls and no final is taken back.

        None is a tombstone: the board is over. Call it before the first `changed`.
        """
        board = self._board(key)
        if revision is None:
            board.is_over, board.published = True, -1
        else:
            board.published = max(board.published, revision)
        self._changed[key] = None

    def forget(self, key: str) -> None:
        """What was published under the key was taken back; the board may come anew, at any revision."""
        self._boards.pop(key, None)

    def changed(self) -> list[tuple[str, bytes | None]]:
        """Return key `scope|unit|window|start_ms` and JSON of each board with a new revision since the last call.

        None is the tombstone of a board that is over: once, and only if there is something published.
        """
        closed_ms = self._closed_ms()
        values: list[tuple[str, bytes | None]] = []
        for name, board in self._take_changed(closed_ms):
            is_over = board.is_over or board.is_withdrawn or board.expires < self._newest
            if not is_over or self._closes_before(board, closed_ms):
                value = self._newer(name, board, closed_ms)
                values += [] if value is None else [(name, value)]
            if is_over and self._ends(name, board):
                values.append((name, None))
        self._newest_before = self._newest
        return values

    def _tells(self, partition: int, position: int) -> None:
        self._told[partition] = max(self._told.get(partition, 0), position)

    def _watermark(self, partition: int) -> int:
        progress = self._progress.get(partition)
        return 0 if progress is None else progress.watermark_ms

    def _closes_before(self, board: MergedBoard, closed_ms: int) -> bool:
        """Tell whether a board that is over has its final value to show: in a gap of the log it closes only now.

        It has not if it was over at the last call, or may have been before a restart: then partials may be missing.
        """
        return not board.is_over and board.closes <= closed_ms and self._newest_before <= board.expires

    def _take_changed(self, closed_ms: int) -> list[tuple[str, MergedBoard]]:
        """Return the boards of which something new is told, and those whose time has come to be final or over."""
        for name in _due(self._closing, closed_ms):
            if name in self._boards:
                self._boards[name].waiting = False
                self._changed[name] = None
        self._changed.update(dict.fromkeys(_due(self._expiring, self._newest - 1)))
        names, self._changed = self._changed, {}
        return [(name, self._boards[name]) for name in names if name in self._boards]

    def _board(self, name: str) -> MergedBoard:
        board = self._boards.get(name)
        if board is None:
            calendar = self._calendar
            _, window_name, start_ms = name.rsplit("|", 2)
            window = calendar.starting(window_name, int(start_ms))
            board = self._boards[name] = MergedBoard(
                calendar.closes(window) or NEVER, calendar.expires(window) or NEVER
            )
            heappush(self._expiring, (board.expires, name))
        return board

    def _ends(self, name: str, board: MergedBoard) -> bool:
        """Keep only that a board is over, until a watermark tells so. Returns whether it has to be taken back."""
        was_there = board.published >= 0
        board.is_over, board.published = True, -1
        board.partials.clear()
        if board.expires < self._newest:
            del self._boards[name]
        return was_there

    def _closed_ms(self) -> int:
        """Return the time up to which boards are closed: by every watermark, or by wall clock."""
        marks = [progress.watermark_ms for progress in self._progress.values()]
        return max(self._by_clock, min(marks) if len(marks) >= self._rules.partitions else 0)

    def _newer(self, name: str, board: MergedBoard, closed_ms: int) -> bytes | None:
        """Return the board's JSON, or None where its revision is not above the published one.

        One that is remembered, but of which nothing is told yet, stays as it is.
        """
        revision = 2 * sum(partial.offset + 1 for partial in board.partials.values())
        is_final = board.closes <= closed_ms or board.published == revision + 1
        if not is_final and not board.waiting:
            board.waiting = True
            heappush(self._closing, (board.closes, name))
        if revision + is_final <= board.published:
            return None
        board.published = revision + is_final
        return self._encode(board.partials, is_final, board.published)

    def _encode(self, partials: dict[int, Partial], is_final: bool, revision: int) -> bytes:
        ordered = [partials[partition] for partition in sorted(partials)]
        one = ordered[0]
        value = {
            "board": "streams",
            "scope": one.scope,
            "unit": one.unit,
            "window": {"name": one.window.name, "start_ms": one.window.start_ms, "end_ms": one.window.end_ms},
            "entries": _entries(ordered, self._rules.top_n),
            "totals": {
                "value": sum(partial.value for partial in ordered),
                "sends": sum(partial.sends for partial in ordered),
                "ranked": sum(partial.ranked for partial in ordered),
            },
            "is_final": is_final,
            "position": {
                "topic": self._rules.source_topic,
                "offsets": {str(partial.partition): partial.offset for partial in ordered},
            },
            "revision": revision,
        }
        incomplete = sorted({lost for partial in ordered for lost in partial.incomplete})
        return orjson.dumps(value | {"incomplete": incomplete} if incomplete else value)


def _due(schedule: list[tuple[int, str]], until_ms: int) -> Iterator[str]:
    """Take out the names that are lined up for a time up to this one."""
    while schedule and schedule[0][0] <= until_ms:
        yield heappop(schedule)[1]


def _entries(partials: list[Partial], limit: int) -> list[dict[str, str | int | None]]:
    """Return the first `limit` entries of all partials in the order of a board."""
    entries = sorted((entry for partial in partials for entry in partial.entries), key=_order)
    first = list(islice(entries, limit))
    ranks = competition_ranks([entry.value for entry in first])
    return [
        {
            "rank": rank,
            "place": place,
            "id": entry.id,
            "name": entry.name,
            "value": entry.value,
            "sends": entry.sends,
            "reached_ms": entry.reached_ms,
            "channel_id": entry.channel_id,
            "channel_name": entry.name,
        }
        for place, (rank, entry) in enumerate(zip(ranks, first, strict=True), 1)
    ]


def _order(entry: PartialEntry) -> tuple[int, int, str]:
    return -entry.value, entry.reached_ms, entry.id
