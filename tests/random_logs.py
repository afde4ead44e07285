"""Random logs of one partition, so small in ids that everything collides, with times at the edges of every bound."""

from typing import Any, Final

from hypothesis import strategies as st

from tests.builders import AT, SimpleRecord, gift, record

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
LATENESS: Final = 30_000

BEGINNINGS: Final = {
    "UTC": AT,
    "Europe/Berlin": 1_761_436_800_000,
    "America/Sao_Paulo": 1_518_915_600_000,
    "Asia/Kolkata": 1_790_015_390_000,
}
"""Where a log begins, by time zone: hours before the clocks of Berlin and Sao Paulo go back, and seconds before a day
ends in Kolkata, in the middle of an hour."""

STEPS: Final = [0, 1, 999, 10_000, LATENESS, MINUTE - 1, MINUTE, HOUR, DAY, 2 * DAY + 2 * HOUR, 9 * DAY]

FIELDS: Final = st.fixed_dictionaries(
    {
        "stream": st.sampled_from(["tiktok:a", "tiktok:b", "tiktok:c"]),
        "sender": st.sampled_from([None, "u1", "u2", "u3", "u4"]),
        "value": st.integers(0, 3),
        "quantity": st.integers(1, 4),
        "phase": st.sampled_from(["single", "single", "streak_update", "streak_end"]),
    },
    optional={
        "event_id": st.sampled_from(["tiktok:x", "tiktok:y", "tiktok:z"]),
        "streak_id": st.sampled_from(["k1", "k2"]),
        "gift_id": st.sampled_from(["rose", "lion"]),
        "value_unit": st.sampled_from(["bit", "minor:EUR"]),
        "region": st.sampled_from(["DE", "FR"]),
        "recipient_id": st.sampled_from(["r1", "r2"]),
        "channel_id": st.sampled_from(["c2"]),
        "sender_name": st.sampled_from([None, "", "A", "B" * 65]),
        "channel_name": st.sampled_from([None, "C", "D" * 65]),
        "gift_name": st.sampled_from([None, "Rose"]),
        "total_value": st.integers(0, 9),
        "paid": st.booleans(),
        "kind": st.sampled_from(["cheer"]),
    },
)


@st.composite
def logs(draw: st.DrawFn, begin_ms: int = AT, horizon_ms: int = 600_000, longest: int = 40) -> list[SimpleRecord]:
    """Return a log: append times rise, event times lie at the edges of what is late, admitted and remembered."""
    records: list[SimpleRecord] = []
    now = watermark = begin_ms
    for offset in range(draw(st.integers(1, longest))):
        now += draw(st.sampled_from(STEPS)) if draw(st.integers(0, 3)) == 0 else draw(st.integers(0, 2_000))
        at_ms = draw(st.sampled_from(_moments(now, watermark, horizon_ms)))
        records.append(draw(_records(offset, at_ms, now)))
        watermark = max(watermark, min(at_ms, now))
    return records


def _moments(now: int, watermark: int, horizon_ms: int) -> list[int]:
    oldest, minute = watermark - horizon_ms, watermark - LATENESS - (watermark - LATENESS) % MINUTE
    edges = [oldest - 1, oldest, oldest + 1, minute - 1, minute, watermark - MINUTE, now + 300_000]
    return [now, now, now, now, now - 500, now - 40_000, now - 100_000, *edges]


@st.composite
def _records(draw: st.DrawFn, offset: int, at_ms: int, now: int) -> SimpleRecord:
    fields: dict[str, Any] = draw(FIELDS)
    bad = draw(st.integers(0, 24)) == 0
    return SimpleRecord(offset, now, b"k", None) if bad else record(offset, gift(at=at_ms, **fields), timestamp=now)
