from typing import Any

import msgspec
import pytest

from agents.domain.event import Event
from agents.domain.rows import Register
from agents.domain.streaks import Streaks
from app.engine.rows import Family
from schemas.gift import GiftEvent
from tests.builders import AT, gift
from tests.domain.events import checked

HORIZON = 600_000


def streaks() -> tuple[Streaks, Family[Register]]:
    family: Family[Register] = Family("k", Register)
    return Streaks(family, HORIZON), family


def frame(quantity: int, at: int = AT, phase: str = "streak_update", **fields: Any) -> Event:
    return checked(msgspec.convert(gift(quantity=quantity, at=at, phase=phase, **fields), GiftEvent))


@pytest.mark.parametrize(
    ("shown", "gained"),
    [
        ([1, 2, 3], [1, 1, 1]),
        ([1, 3], [1, 2]),
        ([3], [3]),
        ([1, 2, 2, 3], [1, 1, 0, 1]),
        ([1, 3, 2], [1, 2, 0]),
        ([2, 1, 3, 3], [2, 0, 1, 0]),
        ([5, 1, 2], [5, 0, 0]),
    ],
    ids=["whole", "one lost", "all but the last lost", "one doubled", "reordered", "final re-sent", "replayed"],
)
def test_a_streak_counts_the_most_it_has_shown(shown: list[int], gained: list[int]) -> None:
    register, _ = streaks()
    assert [register.gain(frame(n), n * 5, AT) for n in shown] == [(n, n * 5) for n in gained]


def test_quantity_and_value_have_their_own_maximum() -> None:
    register, _ = streaks()
    assert register.gain(frame(2), 10, AT) == (2, 10)
    assert register.gain(frame(1), 12, AT) == (0, 2)
    assert register.gain(frame(3), 11, AT) == (1, 0)


@pytest.mark.parametrize(
    "other", [{"stream": "tiktok:s2"}, {"sender": "u2"}, {"recipient_id": "r"}, {"gift_id": "g2"}, {"streak": "k2"}]
)
def test_another_stream_sender_recipient_gift_or_streak_is_another_register(other: dict[str, Any]) -> None:
    register, _ = streaks()
    register.gain(frame(3), 15, AT)
    assert register.gain(frame(2, **other), 10, AT) == (2, 10)


def test_a_register_lives_a_horizon_from_its_last_frame_even_if_that_added_nothing() -> None:
    register, _ = streaks()
    register.gain(frame(3), 15, AT)
    register.gain(frame(3, at=AT + 1_000), 15, AT)
    assert register.gain(frame(4), 20, AT + 1_000 + HORIZON) == (1, 5)
    assert register.gain(frame(4), 20, AT + 1_001 + 2 * HORIZON) == (4, 20)


def test_the_watermark_keeps_a_register_alive_when_the_event_is_older() -> None:
    register, _ = streaks()
    register.gain(frame(3), 15, AT + 5_000)
    assert register.gain(frame(3), 15, AT + 5_000 + HORIZON) == (0, 0)


def test_what_is_past_the_horizon_is_deleted_a_few_at_a_time() -> None:
    register, family = streaks()
    for n in range(5):
        register.gain(frame(1, streak=f"k{n}"), 5, AT)
    register.forget(AT + HORIZON, 2)
    assert len(family) == 5
    register.forget(AT + HORIZON + 1, 2)
    assert len(family) == 3


def test_a_streak_that_goes_on_does_not_keep_the_others() -> None:
    register, family = streaks()
    for n in range(3):
        register.gain(frame(1, streak=f"k{n}"), 5, AT)
    register.gain(frame(2, at=AT + HORIZON, streak="k0"), 10, AT)
    register.forget(AT + HORIZON + 1, 9)
    register.forget(AT + HORIZON + 1, 9)
    assert [member for _, member, _ in family] == ["u1||rose|k0"]


def test_a_restored_queue_forgets_the_same() -> None:
    register, family = streaks()
    register.gain(frame(1), 5, AT)
    restored = Streaks(family, HORIZON)
    restored.restore()
    restored.forget(AT + HORIZON + 1, 9)
    assert len(family) == 0
