"""The load is what it says it is, and what the product takes."""

from collections import Counter
from itertools import islice, pairwise

import msgspec
import pytest

from schemas.gift import GiftEvent
from tests.bench.shape import DISORDER_MS, FEW, MANY, ROWS, Shape, events

START_MS = 1_750_000_000_000
COUNT = 20_000


def gifts(shape: Shape, count: int = COUNT) -> list[GiftEvent]:
    return [msgspec.json.decode(value, type=GiftEvent) for _, value in events(shape, count, START_MS)]


def test_the_same_bytes_come_each_time() -> None:
    assert list(events(MANY, 100, START_MS)) == list(events(MANY, 100, START_MS))


def test_the_key_is_the_stream() -> None:
    for key, value in islice(events(MANY, COUNT, START_MS), 100):
        assert msgspec.json.decode(value, type=GiftEvent).stream_id.encode() == key


def test_an_event_has_about_450_bytes() -> None:
    sizes = [len(value) for _, value in events(MANY, COUNT, START_MS)]
    assert 400 < sum(sizes) / len(sizes) < 500


def test_one_in_a_hundred_comes_again_and_one_in_a_hundred_is_anonymous() -> None:
    made = gifts(MANY)
    again = sum(times - 1 for times in Counter(gift.event_id for gift in made).values())
    anonymous = sum(gift.anonymous for gift in made)
    assert again == pytest.approx(COUNT / 100, rel=0.5)
    assert anonymous == pytest.approx(COUNT / 100, rel=0.5)
    assert all((gift.sender_id is None) == gift.anonymous for gift in made)


def test_event_time_rises_for_twenty_minutes_disordered_by_seconds() -> None:
    times = [gift.event_time_ms for gift in gifts(Shape("plain", duplicates=0))]
    assert times[-1] - times[0] == pytest.approx(1_200_000, abs=2 * DISORDER_MS)
    assert times != sorted(times)
    assert all(later > sooner - DISORDER_MS for sooner, later in pairwise(times))


def test_few_are_five_gifters_a_stream() -> None:
    pairs = {(gift.stream_id, gift.sender_id) for gift in gifts(FEW) if gift.sender_id}
    assert max(Counter(stream for stream, _ in pairs).values()) == 5


def test_rows_are_gifters_that_never_gave_before() -> None:
    senders = [gift.sender_id for gift in gifts(ROWS) if gift.sender_id]
    assert len(set(senders)) == len(senders)
