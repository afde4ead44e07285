"""How good the spike detector is: what it finds, what it makes up, and that a whale does not fool it."""

from collections import defaultdict
from heapq import merge
from typing import NamedTuple

import msgspec
import pytest

from agents.domain.engagement import BucketTally, Engagement
from agents.domain.rules import Rules
from agents.domain.small_rows import Outgoing
from agents.domain.spikes import Spikes
from app.engine.rows import Family
from schemas.gift import GiftEvent
from schemas.spike import BigGift, SpikeUpdate
from tests.domain.events import checked
from tests.domain.gifting import MINUTE, SPIKE, WHALE_GIFT, Broadcast, Gift, broadcast

STREAMS = 60
MINUTES = 120

decode = msgspec.json.Decoder(SpikeUpdate).decode


class Outbox(Family[Outgoing]):
    """A family that remembers all it was given."""

    def __init__(self) -> None:
        super().__init__("o", Outgoing)
        self.told: list[bytes] = []

    def put(self, group: str, member: str, row: Outgoing, size: int = 0) -> None:
        self.told.append(row.payload)
        super().put(group, member, row, size)


class Found(NamedTuple):
    """What was found, beside the truth."""

    broadcasts: list[Broadcast]
    starts: dict[str, list[int]]
    big_gifts: list[BigGift]


def event_of(gift: Gift, number: int) -> GiftEvent:
    return GiftEvent(
        event_id=f"tiktok:{number}",
        platform="tiktok",
        stream_id=gift.stream_id,
        channel_id="c",
        sender_id=gift.sender_id,
        gift_id="g",
        unit_value=gift.value,
        value_unit="coin",
        quantity=gift.quantity,
        event_time_ms=gift.time_ms,
        phase="single",
    )


def detect(broadcasts: list[Broadcast]) -> Found:
    """Run all broadcasts through one partition, in the order of their arrival."""
    outbox = Outbox()
    spikes = Spikes(Rules(), 0, Family("e", Engagement), Family("t", BucketTally), outbox)
    watermark = 0
    gifts = merge(*(made.gifts for made in broadcasts), key=lambda gift: gift.append_ms)
    for offset, gift in enumerate(gifts):
        spikes.advance(watermark, offset)
        spikes.observe(checked(event_of(gift, offset)), gift.quantity, gift.value, offset, watermark)
        watermark = max(watermark, min(gift.time_ms, gift.append_ms))
    starts: dict[str, list[int]] = defaultdict(list)
    for payload in outbox.told:
        if b'"kind":"spike"' in payload and (update := decode(payload)).phase == "start":
            starts[update.stream_id].append(update.as_of_ms)
    big = [msgspec.json.decode(told, type=BigGift) for told in outbox.told if b'"kind":"big_gift"' in told]
    return Found(broadcasts, starts, big)


@pytest.fixture(scope="module")
def found() -> Found:
    """60 streams of two hours at 5 gifters a minute; each has two spikes (×8, 90 s) and a whale."""
    return detect([broadcast(f"tiktok:{seed}", seed, minutes=MINUTES) for seed in range(STREAMS)])


def within(times: list[int], begin: int, length: int) -> bool:
    return any(begin <= time < begin + length for time in times)


def test_at_least_nine_in_ten_spikes_are_found(found: Found) -> None:
    truth = [(made.stream_id, spike) for made in found.broadcasts for spike in made.spikes]
    hits = sum(within(found.starts[stream], spike, SPIKE + MINUTE) for stream, spike in truth)
    assert len(truth) == 2 * STREAMS
    assert hits / len(truth) >= 0.90


def test_half_of_them_within_45_seconds(found: Found) -> None:
    truth = [(made.stream_id, spike) for made in found.broadcasts for spike in made.spikes]
    assert sum(within(found.starts[stream], spike, 45_000) for stream, spike in truth) / len(truth) >= 0.5


def test_at_most_one_false_start_a_stream_hour(found: Found) -> None:
    false = sum(
        not any(spike <= start < spike + SPIKE + MINUTE for spike in made.spikes)
        for made in found.broadcasts
        for start in found.starts[made.stream_id]
    )
    assert false / (STREAMS * MINUTES / 60) <= 1


def test_a_whale_is_a_big_gift_and_hardly_ever_a_spike(found: Found) -> None:
    whales = [(made.stream_id, whale) for made in found.broadcasts for whale in made.whales]
    fooled = sum(within(found.starts[stream], whale, MINUTE) for stream, whale in whales)
    told = {(gift.stream_id, gift.event_time_ms) for gift in found.big_gifts if gift.value == WHALE_GIFT}
    assert fooled / len(whales) <= 0.05
    assert told >= set(whales)
