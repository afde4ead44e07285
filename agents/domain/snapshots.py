"""Rows to the bytes that are published: plain dicts, in the field order of the schemas' Structs, as JSON by orjson.

The same rows give the same bytes: no clock, no order of arrival, nothing but the board and its position.
"""

from typing import Any

import orjson
from msgspec import to_builtins

from agents.domain.account import Account
from agents.domain.board import Board, ScopeBoard
from agents.domain.gaps import Gaps
from agents.domain.ranking import competition_ranks
from agents.domain.rows import Gifter
from agents.domain.rules import Rules

Json = dict[str, Any]


class Snapshots:
    """Writes the values of one partition's boards."""

    __slots__ = ("_partition", "_topic", "gaps")

    def __init__(self, rules: Rules, partition: int, gaps: Gaps) -> None:
        self.gaps = gaps
        self._topic = rules.source_topic
        self._partition = partition

    def totals(self, board: Board) -> bytes:
        """Return the board's `schemas.board.StreamTotals`."""
        row = board.row
        gifts: list[Json] = []
        value, sends = row.value, row.sends
        for gift_id, gift in board.top_gifts.ranked():
            value -= gift.value
            sends -= gift.sends
            gifts.append({"gift_id": gift_id, "name": gift.name, "value": gift.value, "sends": gift.sends})
        return orjson.dumps(
            {
                "stream_id": board.stream,
                "channel_id": row.channel_id,
                "channel_name": row.channel_name,
                "unit": board.within.unit,
                "window": board.within.shown,
                "value": row.value,
                "sends": row.sends,
                "gifters": board.gifters,
                "gifts": gifts,
                "other": {"gifts": board.gifts - len(gifts), "value": value, "sends": sends},
                **self._version(board),
            }
        )

    def gifters(self, board: Board) -> bytes:
        """Return the board's `schemas.board.GifterLeaderboard`."""
        row = board.row
        return orjson.dumps(
            {
                "board": "gifters",
                "stream_id": board.stream,
                "unit": board.within.unit,
                "window": board.within.shown,
                "entries": entries(board.top.ranked()),
                "totals": {"value": row.value, "sends": row.sends, "ranked": board.gifters},
                **self._version(board),
            }
        )

    def partial(self, board: ScopeBoard) -> bytes:
        """Return the board's `schemas.partial.Partial`: what the merge needs of this partition."""
        row = board.row
        return orjson.dumps(
            {
                "type": "partial",
                "partition": self._partition,
                "scope": board.scope,
                "unit": board.within.unit,
                "window": board.within.shown,
                "offset": row.offset,
                "entries": [
                    [name, entry.channel_name, entry.value, entry.sends, entry.reached_ms, entry.channel_id]
                    for name, entry in board.top.ranked()
                ],
                "value": row.value,
                "sends": row.sends,
                "ranked": board.streams,
                "incomplete": self.gaps.of(board),
            }
        )

    def partial_key(self, key: str) -> str:
        """Return the key of a scope's board among the partials of all partitions."""
        return f"{self._partition}|{key}"

    def progress(self, position: int, account: Account) -> bytes:
        """Return the partition's `schemas.partial.Progress` at a position below which all is published."""
        return orjson.dumps(
            {
                "type": "progress",
                "partition": self._partition,
                "position": position,
                "watermark_ms": account.watermark,
                "ledger": to_builtins(account.ledger()),
            }
        )

    def _version(self, board: Board) -> Json:
        offset, is_final = board.row.offset, board.row.final_at > 0
        version: Json = {
            "is_final": is_final,
            "position": {"topic": self._topic, "offsets": {str(self._partition): offset}},
            "revision": 2 * (offset + 1) + is_final,
        }
        if self.gaps and (incomplete := self.gaps.of(board)):
            version["incomplete"] = incomplete
        return version


def entries(ranked: list[tuple[str, Gifter]]) -> list[Json]:
    """Return the `schemas.board.Entry`s of rows in order."""
    ranks = competition_ranks([row.value for _, row in ranked])
    shown: list[Json] = []
    for at, (name, row) in enumerate(ranked):
        shown.append(
            {
                "rank": ranks[at],
                "place": at + 1,
                "id": name,
                "name": row.name,
                "value": row.value,
                "sends": row.sends,
                "reached_ms": row.reached_ms,
            }
        )
    return shown
