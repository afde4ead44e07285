"""A load is the same for the same seed, is like the traffic it stands for, and has every fault it is asked for."""

from collections import Counter, defaultdict
from itertools import islice, pairwise
from typing import Any

import msgspec
import orjson
import pytest

from agents.domain.check import Checker
from agents.domain.partitioner import partition_of
from agents.domain.reject import Rejected
from agents.domain.rules import Rules
from app.load.options import Faults, LoadOptions
from app.load.simulation import Simulation
from schemas.gift import GiftEvent
from tests.app.load.recount import readable
from tests.builders import SimpleRecord

SHORT = LoadOptions(seconds=20)
CLEAN = LoadOptions(seconds=20, faults=Faults.none(), spike=1)


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    """The events of a clean load."""
    return [orjson.loads(send.value or b"") for send in Simulation(CLEAN)]


def test_the_same_options_make_the_same_bytes() -> None:
    assert list(Simulation(SHORT)) == list(Simulation(SHORT))


@pytest.mark.parametrize(
    "other", [LoadOptions(seconds=20, seed=2), LoadOptions(seconds=20, start_ms=1_760_000_000_000)]
)
def test_another_seed_or_start_shares_no_event_id(other: LoadOptions) -> None:
    assert not _event_ids(SHORT) & _event_ids(other)


def test_records_come_in_order_of_time_and_never_before_the_gift() -> None:
    sends = list(Simulation(SHORT))

    assert all(first.at_ms <= second.at_ms for first, second in pairwise(sends))
    good = [(send, event) for send in sends if (event := readable(send))]
    assert all(event["event_time_ms"] <= send.at_ms for send, event in good)


def test_the_rate_is_that_of_event_time() -> None:
    options = LoadOptions(rate=1_000, seconds=40, spike=1)

    assert sum(1 for _ in Simulation(options)) == pytest.approx(40_000, rel=0.1)


def test_without_faults_every_record_is_counted_or_adds_nothing() -> None:
    simulation = Simulation(CLEAN)
    sends = list(simulation)

    for send in sends:
        msgspec.json.decode(send.value or b"", type=GiftEvent)
    answer = simulation.answer
    assert answer.counted + answer.unchanged == len(sends)
    assert answer.late == 0


def test_every_fault_is_there_in_twenty_seconds() -> None:
    simulation = Simulation(SHORT)
    sends = list(simulation)
    answer = simulation.answer

    assert answer.duplicates > 0
    assert answer.late > 0
    assert answer.dead_letters["too_old"] > 0
    assert len(answer.dead_letters) >= 8, "several reasons of the closed list"
    streaks = _streaks([event for send in sends if (event := readable(send))])
    finals = [Counter(event["phase"] for event in frames)["streak_end"] for frames in streaks.values()]
    assert 0 in finals, "a lost final"
    assert max(finals) > 1, "a final under a fresh event id"
    assert any(_overtaken(frames) for frames in streaks.values()), "a frame overtaken by the next"
    quantities = [sorted({event["quantity"] for event in frames}) for frames in streaks.values()]
    assert any(later - earlier > 9 for q in quantities for earlier, later in pairwise(q)), "dropped frames"


def test_a_malformed_record_has_the_reason_that_the_check_gives() -> None:
    options = LoadOptions(seconds=10, partitions=1, faults=Faults(malformed=0.2))
    simulation = Simulation(options)
    checker = Checker(Rules(partitions=1), 0)
    found: Counter[str] = Counter()

    for offset, send in enumerate(simulation):
        verdict = checker.check(SimpleRecord(offset, send.at_ms, send.key, send.value))
        if isinstance(verdict, Rejected):
            found[verdict.reason] += 1

    answer = Counter(simulation.answer.dead_letters)
    del answer["too_old"]
    assert found == answer
    assert len(found) == 11


def test_a_record_goes_to_the_murmur2_partition_of_its_stream() -> None:
    for send in islice(Simulation(CLEAN), 1_000):
        assert send.partition == partition_of("murmur2", send.key or b"", CLEAN.partitions)


def test_popularity_follows_zipf(events: list[dict[str, Any]]) -> None:
    gifts = Counter(event["channel_name"] for event in events if event["phase"] == "single")

    first, tenth = gifts["Channel 1"], gifts["Channel 10"]
    assert first / tenth == pytest.approx(10**1.05, rel=0.3)


def test_cheap_gifts_are_sent_most_and_dear_ones_bring_much(events: list[dict[str, Any]]) -> None:
    coins = [event for event in events if event["value_unit"] == "coin" and event["phase"] == "single"]
    ones = sum(1 for event in coins if event["unit_value"] == 1)

    assert 0.7 < ones / len(coins) < 0.9
    assert max(event["unit_value"] for event in coins) >= 1_000


def test_units_are_mostly_coins_with_a_few_bits_and_cents(events: list[dict[str, Any]]) -> None:
    units = Counter(event["value_unit"] for event in events)

    assert set(units) == {"coin", "bit", "minor:USD"}
    assert units["coin"] > 0.9 * len(events)


def test_some_gifts_are_anonymous_and_streams_have_regions(events: list[dict[str, Any]]) -> None:
    anonymous = sum(1 for event in events if event["sender_id"] is None)

    assert 0 < anonymous < 0.05 * len(events)
    assert {event.get("region") for event in events} == {None, *CLEAN.regions}


def test_a_spike_is_eight_times_the_gifts_of_its_stream_from_many_gifters() -> None:
    options = LoadOptions(rate=200, streams=50, faults=Faults.none(), seconds=100)
    simulation = Simulation(options)
    (spike,) = simulation.spikes
    length = spike.end_ms - spike.start_ms
    inside, before = set(), set()
    for send in simulation:
        event = orjson.loads(send.value or b"")
        if event["stream_id"] == spike.stream_id:
            if spike.start_ms <= event["event_time_ms"] < spike.end_ms:
                inside.add(event["sender_id"])
            elif spike.start_ms - length <= event["event_time_ms"] < spike.start_ms:
                before.add(event["sender_id"])

    assert len(inside) > 5 * len(before) > 0


def test_history_and_live_part_each_have_a_spike() -> None:
    starts = [spike.start_ms - SHORT.start_ms for spike in Simulation(LoadOptions(seconds=660)).spikes]

    assert starts == [320_000, 620_000]


@pytest.mark.parametrize(
    ("name", "value"), [("rate", 0.0), ("streams", 0), ("gifters", -1), ("seconds", 0), ("spike", 0.5)]
)
def test_an_option_out_of_range_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}; allowed"):
        LoadOptions(**{name: value})  # type: ignore[arg-type]


def _event_ids(options: LoadOptions) -> set[str]:
    return {event["event_id"] for send in Simulation(options) if (event := readable(send))}


def _streaks(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    streaks = defaultdict(list)
    for event in events:
        if event["phase"] != "single":
            streaks[event["streak_id"]].append(event)
    return streaks


def _overtaken(frames: list[dict[str, Any]]) -> bool:
    return any(first["event_time_ms"] > second["event_time_ms"] for first, second in pairwise(frames))
