"""Partitions are dealt out by what their logs hold, so that workers have about the same to do.

Faust deals out in turn what nobody has, the first, third and fifth to one worker: with a few large streams in those,
one core worked for two thirds of a backlog, and the other waited at its end. Of who has more than a fair number it
takes the first ones. So it is told, as what members have, what they are to have: most of it is what they do have, as a
partition that moves has to recover. Faust does the rest: topics that go together, what is left over, those that left.
"""

import asyncio
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final, cast

from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError
from faust.assignor.client_assignment import ClientMetadata
from faust.assignor.partition_assignor import PartitionAssignor

from app.engine.reader import LogReader

WEIGHING_SECONDS: Final = 5.0

Topics = tuple[str, str]
"""A source and its changelog, whose partitions go together."""

Weights = dict[int, int]
"""How many offsets the log of each partition spans."""

Held = Mapping[str, frozenset[int]]
"""Partitions by member."""

Members = MutableMapping[str, Any]
"""What each member says of itself, `ConsumerProtocolMemberMetadata` by id."""


class WeighingAssignor(PartitionAssignor):
    """Faust's assignor (its public `PartitionAssignor` setting), which is told what members are to have.

    `weights` are by source topic, as `weigh` found them when this worker started; those of the group's leader count.
    """

    def __init__(self, app: Any, replicas: int = 0) -> None:
        super().__init__(app, replicas)
        self.weights: dict[str, Weights] = {}

    def assign(self, cluster: Any, member_metadata: Members) -> Any:
        """Return who gets what; called where this worker leads the group.

        A failure ends the worker: aiokafka keeps it for a call that Faust does not make; the group would stand still.
        """
        try:
            for table in cast(Any, self.app).state_tables():
                topics = table.source, table.changelog_topic_name
                member_metadata = _told(member_metadata, topics, self._weights(cluster, topics))
            return super().assign(cluster, member_metadata)
        except Exception as error:
            cast(Any, self.app).stop_worker(error)
            raise

    def _weights(self, cluster: Any, topics: Topics) -> Weights:
        """Return the weights of the partitions that there are now; none if none were found."""
        found = self.weights.get(topics[0])
        numbers = [set(cluster.partitions_for_topic(topic) or ()) for topic in topics]
        return {number: found.get(number, 0) for number in set.intersection(*numbers)} if found else {}


async def weigh(reader: LogReader, topic: str, partitions: int) -> Weights:
    """Return how many offsets each partition of a topic spans: in a log of some days, about its share of the gifts.

    Nothing where no broker answers soon: then Faust deals out all.
    """
    with suppress(KafkaError, TimeoutError):
        return await asyncio.wait_for(reader.sizes(topic, range(partitions)), WEIGHING_SECONDS)
    return {}


def deal(held: Held, weights: Weights) -> Held:
    """Return what each member is to have, as many of them for each: of what it holds, and its share of the rest.

    The heaviest goes first, each to the member that has least by weight. What then is left, less than one for each
    member, is Faust's to deal out; and all of it is where there are more members than partitions.
    """
    share: Final = len(weights) // len(held)
    if share == 0:
        return held
    dealt = {member: _kept(partitions, weights, share, len(held)) for member, partitions in _claimed_once(held).items()}
    free = weights.keys() - frozenset().union(*dealt.values())
    for partition in sorted(free, key=lambda number: (-weights[number], number)):
        takers = [member for member, has in dealt.items() if len(has) < share]
        if takers:
            dealt[min(takers, key=lambda member: (_weight(dealt[member], weights), member))].add(partition)
    return {member: frozenset(partitions) for member, partitions in dealt.items()}


def _claimed_once(held: Held) -> Held:
    """Return what each holds; what two say they hold, as one of them was away, stays with the later, as in Faust."""
    once: dict[str, frozenset[int]] = {}
    for member, partitions in reversed(list(held.items())):
        once[member] = partitions.difference(*once.values())
    return once


def _kept(partitions: frozenset[int], weights: Weights, share: int, members: int) -> set[int]:
    """Return what one keeps of what it holds, as Faust would take the rest: what comes nearest to an equal weight."""
    kept = set(partitions & weights.keys())
    equal = sum(weights.values()) / members
    while len(kept) > share:
        rest = _weight(kept, weights) - equal
        kept.remove(min(kept, key=lambda number: (abs(rest - weights[number]), number)))
    return kept


def _weight(partitions: Iterable[int], weights: Weights) -> int:
    return sum(weights.get(number, 0) for number in partitions)


def _told(members: Members, topics: Topics, weights: Weights) -> Members:
    """Return what the members say of themselves, as if each that reads both topics had what was dealt to it.

    The lightest comes first, as Faust begins with it when it deals out what is left.
    """
    readers = [member for member, metadata in members.items() if set(topics) <= set(metadata.subscription)]
    if not (weights and readers):
        return members
    said = {member: ClientMetadata.loads(members[member].user_data) for member in readers}
    held = {member: frozenset(each.assignment.actives.get(topics[0], ())) for member, each in said.items()}
    dealt = deal(held, weights)
    told = dict(members)
    for member in sorted(readers, key=lambda member: _weight(dealt[member], weights)):
        said[member].assignment.actives.update(dict.fromkeys(topics, sorted(dealt[member])))
        metadata = told.pop(member)
        told[member] = ConsumerProtocolMemberMetadata(metadata.version, metadata.subscription, said[member].dumps())
    return told
