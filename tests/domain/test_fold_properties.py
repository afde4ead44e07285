"""Whatever is sent, however it is cut, wherever it crashes: the boards are those of a plain recount."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.domain import expiry, fold, publication
from agents.domain.ranking import GIFTS_SHOWN
from agents.domain.rules import DAY_MS, HOUR_MS, Rules
from schemas.board import GifterLeaderboard, StreamTotals
from schemas.partial import Partial
from tests.builders import AT, SimpleRecord, gift, record
from tests.domain.harness import Partition
from tests.domain.recount import Board, Recount

RULES = Rules(partitions=1, partitioner="any", top_n=2)
HANDLINGS = ["", "", "flush", "flush", "slow", "idle", "crash", "cut, crash", "cut, publish half, crash"]
DAYS = [2 * DAY_MS, 8 * DAY_MS, 8 * DAY_MS + 1, 9 * DAY_MS]
STEPS = [*DAYS, 0, 1, 999, 10_000, 29_999, 30_000, 59_999, 60_000, 90_000, 300_000, 599_999, 600_000, 600_001, HOUR_MS]
events = st.builds(
    lambda **fields: fields,
    stream=st.sampled_from(["tiktok:a", "tiktok:b", "tiktok:c"]),
    sender=st.sampled_from([None, "u1", "u2", "u3", "u4"]),
    value=st.integers(0, 3),
    quantity=st.integers(1, 3),
    event_id=st.sampled_from([None] * 6 + ["tiktok:x", "tiktok:y"]),
    phase=st.sampled_from(["single", "single", "streak_update", "streak_end"]),
    streak=st.sampled_from(["k1", "k2"]),
    gift_id=st.sampled_from(["rose", "lion"]),
    value_unit=st.sampled_from(["coin", "coin", "bit"]),
    region=st.sampled_from([None, "DE", "FR"]),
    paid=st.sampled_from([True, True, True, False]),
    sender_name=st.sampled_from([None, "A", "B"]),
    channel_name=st.sampled_from([None, "C", "D"]),
)


@st.composite
def logs(draw: Callable[[Any], Any]) -> list[SimpleRecord]:
    """A partition's log: append times rise, some by a step, and event times lie around them."""
    records, now = [], AT
    for offset in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from(STEPS)) if draw(st.integers(0, 2)) == 0 else draw(st.integers(0, 2_000))
        if draw(st.integers(0, 19)) == 0:
            records.append(SimpleRecord(offset, now, b"tiktok:a", None))
            continue
        back = draw(st.sampled_from([0, 0, 0, -200_000, 1, 5_000, 40_000, 89_999, 599_999, 600_001]))
        fields = {name: value for name, value in draw(events).items() if name == "sender" or value is not None}
        records.append(record(offset, gift(at=now - back, **fields), timestamp=now))
    return records


@st.composite
def handlings(draw: Callable[[Any], Any]) -> tuple[list[SimpleRecord], list[str]]:
    """A log, and what happens after each of its records."""
    log = draw(logs())
    return log, [draw(st.sampled_from(HANDLINGS)) for _ in log]


def closing_log(log: list[SimpleRecord]) -> list[SimpleRecord]:
    """The log, and an event in another stream that closes every window before it."""
    at = log[-1].timestamp + 30 * HOUR_MS
    end = record(len(log), gift(stream="tiktok:end", at=at, event_id="tiktok:end"))
    return [*log, end]


def handle(log: list[SimpleRecord], handling: list[str]) -> Partition:
    """Fold a log; on a crash go back to what was durable, as a new owner would."""
    partition, todo = Partition(RULES), list(handling)
    while (offset := partition.fold.position) < len(log):
        partition.feed_records(log[offset : offset + 1])
        what, todo[offset:] = (todo[offset], ["", *todo[offset + 1 :]]) if offset < len(todo) else ("", [])
        _interfere(partition, what, log[offset].timestamp)
    partition.settle()
    return partition


def _interfere(partition: Partition, what: str, now_ms: int) -> None:
    if what in ("flush", "slow"):
        partition.flush(now_ms, min_interval_ms=5_000 if what == "slow" else 0)
    elif what == "idle":
        partition.flush(now_ms + 700_000, idle=True)
    elif what == "cut, publish half, crash":
        for to, key, value in partition.cut(now_ms).messages[::2]:
            partition.keep(to, key, value)
    elif what == "cut, crash":
        partition.cut(now_ms)
    if what.endswith("crash"):
        partition.crash()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(handlings())
def test_the_boards_are_those_of_a_recount(case: tuple[list[SimpleRecord], list[str]]) -> None:
    log, handling = case
    log = closing_log(log)
    partition, recount = handle(log, handling), Recount(log)
    ledger = partition.fold.ledger
    assert {name: getattr(ledger, name) for name in recount.ledger} == dict(recount.ledger)
    assert ledger.counted + ledger.unchanged + ledger.duplicates + ledger.dead_lettered == len(log)
    for key, board in recount.boards.items():
        if recount.is_over(key):
            assert not {("totals", key), ("gifters", key)} & set(partition.published)
        else:
            _agrees(partition, key, board, recount.watermark)
    for key, board in recount.scopes.items():
        if recount.is_over(key):
            assert ("partials", f"0|{key}") not in partition.published
        else:
            _partial_agrees(partition, key, board)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(handlings())
def test_cuts_and_crashes_leave_no_trace(case: tuple[list[SimpleRecord], list[str]]) -> None:
    log, handling = closing_log(case[0]), case[1]
    plain, handled = handle(log, []), handle(log, handling)
    assert handled.published == plain.published
    assert _live_rows(handled) == _live_rows(plain)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(handlings())
def test_however_little_one_cut_does_it_comes_to_the_same(case: tuple[list[SimpleRecord], list[str]]) -> None:
    log, handling = closing_log(case[0]), case[1]
    plain = handle(log, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, "BOARDS_PER_CUT", 1)
        patch.setattr(expiry, "LIMIT", 1)
        patch.setattr(fold, "LIMIT", 2)
        patch.setattr(fold, "FORGET_EVERY", 1)
        handled = handle(log, handling)
    assert handled.published == plain.published
    assert _live_rows(handled) == _live_rows(plain)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(handlings())
def test_a_revision_never_falls_and_names_one_value(case: tuple[list[SimpleRecord], list[str]]) -> None:
    log, handling = case
    partition = handle(closing_log(log), handling)
    revisions: dict[tuple[str, str], int] = {}
    values: dict[tuple[str, str, int], bytes] = {}
    for to, key, value in partition.history:
        if to in ("totals", "gifters") and value is not None:
            revision = msgspec.json.decode(value)["revision"]
            assert revisions.get((to, key), 0) <= revision
            assert values.setdefault((to, key, revision), value) == value
            revisions[to, key] = revision


def _agrees(partition: Partition, key: str, board: Board, watermark: int) -> None:
    totals = msgspec.json.decode(partition.published["totals", key], type=StreamTotals)
    gifters = msgspec.json.decode(partition.published["gifters", key], type=GifterLeaderboard)
    assert (totals.value, totals.sends, totals.gifters) == (board.value, board.sends, len(board.entries))
    assert (totals.channel_id, totals.channel_name) == board.channel
    gifts = sorted(board.gifts.items(), key=lambda item: (-item[1].value, -item[1].sends, item[0]))
    assert [(g.gift_id, g.value, g.sends) for g in totals.gifts] == [
        (name, entry.value, entry.sends) for name, entry in gifts[:GIFTS_SHOWN]
    ]
    assert [(e.id, e.name, e.value, e.sends, e.reached_ms) for e in gifters.entries] == [
        (name, entry.name, entry.value, entry.sends, entry.reached_ms) for name, entry in board.ranked()[:2]
    ]
    closes = {"1m": 90_000, "1h": HOUR_MS + 600_000, "1d": DAY_MS + 600_000}
    window = gifters.window
    due = board.last_ms + 600_000 if window.name == "stream" else window.start_ms + closes[window.name]
    assert totals.is_final == gifters.is_final == (watermark >= due)
    assert totals.position.offsets == gifters.position.offsets == {"0": board.offset}


def _partial_agrees(partition: Partition, key: str, board: Board) -> None:
    partial = msgspec.json.decode(partition.published["partials", f"0|{key}"], type=Partial)
    assert (partial.value, partial.sends, partial.offset) == (board.value, board.sends, board.offset)
    assert partial.ranked == len(board.entries)
    assert [(e.id, e.name, e.value, e.sends, e.reached_ms, e.channel_id) for e in partial.entries] == [
        (name, entry.name, entry.value, entry.sends, entry.reached_ms, entry.channel_id)
        for name, entry in board.ranked()[:2]
    ]


def _live_rows(partition: Partition) -> dict[tuple[str, str, str], Any]:
    """The rows but for what may differ.

    That is the position at which a board was made final, cells of archived boards, what the horizon forgot, and the
    engagement of quiet streams, which is caught up when it is next needed.
    """
    rows = {key: msgspec.msgpack.decode(row) for key, row in partition.rows().items() if key[0] not in "et"}
    live = {
        (tag, group, member): _what_matters(rows, tag, group, member, partition.fold.watermark - 600_000)
        for tag, group, member in rows
    }
    return {key: row for key, row in live.items() if row}


def _what_matters(rows: dict[tuple[str, str, str], Any], tag: str, group: str, member: str, before: int) -> Any:
    row = rows[tag, group, member]
    if tag == "b":
        return [*row[:7], bool(row[7]), *row[8:]]
    if tag == "i":
        return [seen for seen in batched(row, 3) if seen[2] >= before]
    if tag == "k":
        return row if row[2] >= before else None
    if tag in "gfs":
        return sorted(cell for cell in row if _board_lives(rows, tag, group, member, cell[0]))
    return row


def _board_lives(rows: dict[tuple[str, str, str], Any], tag: str, group: str, member: str, window: int) -> bool:
    """Tell whether the board that a cell belongs to is there and not archived."""
    stream, unit = group.split("|")
    name, start = ("1m", "1h", "1d", "stream")[window % 4], window // 4
    if tag == "s":
        scope = rows.get(("c", f"region:{member}|{unit}|{name}|{start}", ""))
        return scope is not None and not scope[3]
    total = rows.get(("b", f"{unit}|{name}|{0 if name == 'stream' else start}", stream))
    return total is not None and not total[8] and (name != "stream" or total[9] == start)


def batched(values: list[Any], size: int) -> list[list[Any]]:
    """The values in lists of a size."""
    return [values[at : at + size] for at in range(0, len(values), size)]
