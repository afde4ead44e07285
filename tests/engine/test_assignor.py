"""Who is given which partitions: as many each, of what one has what comes nearest to an equal weight, and the rest."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaConnectionError
from faust.assignor.client_assignment import ClientAssignment, ClientMetadata

from app.engine.assignor import WeighingAssignor, Weights, _told, deal, weigh

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


def test_who_has_too_many_keeps_what_comes_nearest_to_an_equal_weight() -> None:
    dealt = deal({"a": frozenset({0, 1, 2, 3}), "b": NOBODY}, {0: 1_000, 1: 900, 2: 1, 3: 1})
    assert dealt == {"a": {1, 3}, "b": {0, 2}}


def test_what_two_say_they_hold_stays_with_one() -> None:
    dealt = deal({"a": frozenset({0, 2}), "b": frozenset({0, 1})}, UNEVEN)
    assert dealt == {"a": {2, 3}, "b": {0, 1}}


def test_a_partition_that_is_no_more_is_nobodys() -> None:
    dealt = deal({"a": frozenset({2, 7, 8}), "b": NOBODY}, UNEVEN)
    assert dealt == {"a": {2, 3}, "b": {0, 1}}


def test_more_members_than_partitions_have_no_share() -> None:
    assert deal({"a": NOBODY, "b": NOBODY}, {0: 5}) == {"a": NOBODY, "b": NOBODY}


def _member(
    actives: Iterable[int] = (), other: Iterable[int] = (), topics: Sequence[str] = (SOURCE, CHANGELOG, OTHER)
) -> ConsumerProtocolMemberMetadata:
    held = {SOURCE: list(actives), CHANGELOG: list(actives), OTHER: list(other)}
    said = ClientMetadata(
        assignment=ClientAssignment(actives={topic: has for topic, has in held.items() if has}, standbys={}),
        url="http://localhost:6066",
        changelog_distribution={},
    )
    return ConsumerProtocolMemberMetadata(2, list(topics), said.dumps())


def _assigned(
    members: dict[str, Any], weights: Weights, stopped: list[Exception] | None = None
) -> dict[str, dict[str, list[int]]]:
    """Return what the real assignor gives each member, by topic; `stopped` gets what ends the worker."""
    stopped = [] if stopped is None else stopped
    table = SimpleNamespace(source=SOURCE, changelog_topic_name=CHANGELOG)
    sensors = SimpleNamespace(on_assignment_start=lambda _: None, on_assignment_completed=lambda *_: None)
    tables = SimpleNamespace(data={}, changelog_topics={CHANGELOG})
    app = SimpleNamespace(
        state_tables=lambda: [table], sensors=sensors, tables=tables, tracer=None, stop_worker=stopped.append
    )
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


def test_what_is_left_goes_to_who_has_least() -> None:
    given = _assigned({"a": _member(), "b": _member(), "c": _member()}, UNEVEN)
    assert {member: has[SOURCE] for member, has in given.items()} == {"a": [2], "b": [0], "c": [1, 3]}


def test_who_joins_one_that_has_all_gets_half_by_weight() -> None:
    given = _assigned({"a": _member([0, 1, 2, 3], other=[0]), "b": _member()}, {0: 1_000, 1: 900, 2: 1, 3: 1})
    assert {member: has[SOURCE] for member, has in given.items()} == {"a": [1, 3], "b": [0, 2]}


def test_where_there_are_more_members_than_partitions_each_partition_is_somebodys() -> None:
    given = _assigned({member: _member() for member in "abcde"}, UNEVEN)
    assert _all(given, SOURCE) == [0, 1, 2, 3]
    assert max(len(has.get(SOURCE, [])) for has in given.values()) == 1


def test_who_does_not_read_the_topic_is_dealt_nothing_of_it() -> None:
    given = _assigned({"a": _member(), "b": _member(), "c": _member(topics=[OTHER])}, UNEVEN)
    assert {member: has.get(SOURCE, []) for member, has in given.items()} == {"a": [2, 3], "b": [0, 1], "c": []}


def test_partitions_that_were_weighed_and_are_no_more_are_not_dealt() -> None:
    given = _assigned({"a": _member(), "b": _member()}, UNEVEN | {4: 1_000, 5: 900})
    assert {member: has[SOURCE] for member, has in given.items()} == {"a": [2, 3], "b": [0, 1]}


def test_what_members_say_besides_is_kept() -> None:
    members = {"a": _member(other=[0]), "b": _member()}
    told = _told(members, (SOURCE, CHANGELOG), UNEVEN)
    before, after = (ClientMetadata.loads(each["a"].user_data) for each in (members, told))
    assert (after.url, after.changelog_distribution) == (before.url, before.changelog_distribution)
    assert after.assignment.actives == {SOURCE: [2, 3], CHANGELOG: [2, 3], OTHER: [0]}


def test_a_failure_ends_the_worker_as_the_group_would_stand_still() -> None:
    stopped: list[Exception] = []
    broken = ConsumerProtocolMemberMetadata(2, [SOURCE, CHANGELOG], b"no metadata")
    with pytest.raises(ValueError, match=r".") as raised:
        _assigned({"a": broken}, UNEVEN, stopped)
    assert stopped == [raised.value]


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
