"""Who is given which partitions: what nobody has goes by weight, what somebody has stays."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaConnectionError
from faust.assignor.client_assignment import ClientAssignment, ClientMetadata

from app.engine.assignor import WeighingAssignor, Weights, deal, weigh

SOURCE, CHANGELOG, OTHER = "gifts", "app-state-changelog", "partials"
NOBODY: frozenset[int] = frozenset()
UNEVEN = {0: 27, 1: 19, 2: 36, 3: 18}


def test_the_heaviest_goes_first_to_who_has_least() -> None:
    dealt = deal({"a": NOBODY, "b": NOBODY}, UNEVEN)
    assert dealt == {"a": {2, 3}, "b": {0, 1}}


def test_nobody_gets_more_than_all_can_have() -> None:
    dealt = deal({"a": NOBODY, "b": NOBODY}, {0: 1_000, 1: 1, 2: 1, 3: 1})
    assert sorted(map(len, dealt.values())) == [2, 2]


def test_what_is_left_is_the_lightest_and_not_dealt() -> None:
    dealt = deal({"a": NOBODY, "b": NOBODY, "c": NOBODY}, UNEVEN)
    assert dealt == {"a": {2}, "b": {0}, "c": {1}}


def test_members_keep_what_they_hold() -> None:
    dealt = deal({"a": frozenset({2}), "b": NOBODY}, UNEVEN)
    assert dealt == {"a": {2, 3}, "b": {0, 1}}


def test_more_members_than_partitions_have_no_share() -> None:
    assert deal({"a": NOBODY, "b": NOBODY}, {0: 5}) == {"a": NOBODY, "b": NOBODY}


def _member(actives: Iterable[int] = (), other: Iterable[int] = ()) -> ConsumerProtocolMemberMetadata:
    held = {SOURCE: list(actives), CHANGELOG: list(actives), OTHER: list(other)}
    said = ClientMetadata(
        assignment=ClientAssignment(actives={topic: has for topic, has in held.items() if has}, standbys={}),
        url="http://localhost:6066",
        changelog_distribution={},
    )
    return ConsumerProtocolMemberMetadata(2, [SOURCE, CHANGELOG, OTHER], said.dumps())


def _assigned(members: dict[str, Any], weights: Weights) -> dict[str, dict[str, list[int]]]:
    """Return what the real assignor gives each member, by topic."""
    table = SimpleNamespace(source=SOURCE, changelog_topic_name=CHANGELOG)
    sensors = SimpleNamespace(on_assignment_start=lambda _: None, on_assignment_completed=lambda *_: None)
    tables = SimpleNamespace(data={}, changelog_topics={CHANGELOG})
    app = SimpleNamespace(state_tables=lambda: [table], sensors=sensors, tables=tables, tracer=None)
    assignor = WeighingAssignor(app)
    assignor.weights[SOURCE] = weights
    partitions = {SOURCE: {0, 1, 2, 3}, CHANGELOG: {0, 1, 2, 3}, OTHER: {0}}
    given = assignor.assign(SimpleNamespace(partitions_for_topic=partitions.get), members)
    return {member: {topic: sorted(numbers) for topic, numbers in each.assignment} for member, each in given.items()}


def _all(given: dict[str, dict[str, list[int]]], topic: str) -> list[int]:
    """Return all partitions of a topic that somebody has, each as often as somebody has it."""
    return sorted(number for has in given.values() for number in has.get(topic, ()))


def test_faust_takes_up_what_was_dealt_for_the_source_and_its_changelog() -> None:
    given = _assigned({"a": _member(), "b": _member()}, UNEVEN)
    assert {member: (has[SOURCE], has[CHANGELOG]) for member, has in given.items()} == {
        "a": ([2, 3], [2, 3]),
        "b": ([0, 1], [0, 1]),
    }
    assert _all(given, OTHER) == [0]


def test_without_weights_faust_deals_by_itself() -> None:
    given = _assigned({"a": _member(), "b": _member()}, {})
    assert sorted(has[SOURCE] for has in given.values()) == [[0, 2], [1, 3]]


def test_what_is_left_goes_to_somebody() -> None:
    given = _assigned({"a": _member(), "b": _member(), "c": _member()}, UNEVEN)
    assert _all(given, SOURCE) == [0, 1, 2, 3]
    assert sorted(len(has[SOURCE]) for has in given.values()) == [1, 1, 2]


@pytest.mark.parametrize("held", [(), (0,), (1, 2), (0, 1, 2), (0, 1, 2, 3)])
def test_whatever_a_member_held_all_is_assigned_once_and_evenly(held: tuple[int, ...]) -> None:
    given = _assigned({"a": _member(held, other=[0]), "b": _member()}, UNEVEN)
    assert _all(given, SOURCE) == [0, 1, 2, 3]
    assert [len(has[SOURCE]) for has in given.values()] == [2, 2]
    assert all(has[SOURCE] == has[CHANGELOG] for has in given.values())
    if len(held) <= 2:
        assert set(held) <= set(given["a"][SOURCE])


def test_two_that_say_they_hold_the_same_do_not_both_keep_it() -> None:
    given = _assigned({"a": _member([0, 1]), "b": _member([0, 1])}, UNEVEN)
    assert _all(given, SOURCE) == [0, 1, 2, 3]


class Reader:
    """A log reader's answer, or an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def sizes(self, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        if self._error is not None:
            raise self._error
        return {number: 10 * (number + 1) for number in partitions}


@pytest.mark.asyncio
async def test_a_partition_weighs_what_its_log_holds() -> None:
    reader: Any = Reader()
    assert await weigh(reader, SOURCE, 2) == {0: 10, 1: 20}


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [KafkaConnectionError("gone"), TimeoutError()])
async def test_without_an_answer_nothing_is_weighed(error: Exception) -> None:
    reader: Any = Reader(error)
    assert await weigh(reader, SOURCE, 2) == {}
