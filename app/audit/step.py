"""One line of an explanation: a source record, what became of it, and why."""

from typing import Literal

from msgspec import Struct

from app.audit.board_key import BoardKey, moment
from app.audit.fate import Fate
from app.audit.recount import Recount, streak_key

Became = Literal["counted", "late", "unchanged", "duplicate", "dead_letter"]


class Step(Struct, frozen=True):
    """A record that speaks of the explained board. Times are in ms, values in native units.

    `sends` and `value` are what it added to the board, `total_sends` and `total_value` what there was then; `why` is
    empty where there is nothing to explain. Of a record that is no gift, what cannot be read is null.
    """

    partition: int
    offset: int
    append_time_ms: int
    event_time_ms: int | None
    event_id: str | None
    sender_id: str | None
    gift_id: str | None
    became: Became
    why: str
    sends: int
    value: int
    total_sends: int
    total_value: int


def became(fate: Fate, key: BoardKey) -> Became:
    """Say what became of a record, as seen from a board: too late for its minute, it is late there and there alone."""
    if fate.what == "counted":
        return "late" if fate.is_late and key.window.name == "1m" else "counted"
    return fate.what


def why(fate: Fate, key: BoardKey, recount: Recount, watermark: int) -> str:
    """Explain what became of a record; `watermark` is the one before it, and the recount is right behind it."""
    event, memory = fate.event, fate.memory
    if fate.reason == "too_old" and event is not None:
        return f"too_old: {_seconds(watermark - event.event_time_ms)} behind the watermark, {_horizon(recount)}"
    if fate.reason is not None:
        return fate.reason
    if fate.what == "duplicate" and memory is not None:
        return f"duplicate of offset {memory.offset}, first seen at {moment(memory.heard_ms)}"
    return "; ".join(filter(None, (_of_streak(fate, recount), _of_lateness(fate, key, watermark))))


def _of_streak(fate: Fate, recount: Recount) -> str:
    event = fate.event
    streak = recount.streaks.get(streak_key(event)) if event is not None and event.phase != "single" else None
    if streak is None or event is None:
        return ""
    come_to = f"streak {event.streak_id} {{}} {streak.sends:,} gifts of value {streak.value:,}"
    return come_to.format("had already come to" if fate.what == "unchanged" else "has come to")


def _of_lateness(fate: Fate, key: BoardKey, watermark: int) -> str:
    if not fate.is_late:
        return ""
    if key.window.name != "1m":
        return "late: not on its 1m board"
    return f"late: the watermark had come to {moment(watermark)}; it is on the boards of the longer windows"


def _horizon(recount: Recount) -> str:
    return f"and the horizon is {_seconds(recount.options.horizon_ms)}"


def _seconds(span_ms: int) -> str:
    return f"{span_ms / 1000:,.0f} s"
