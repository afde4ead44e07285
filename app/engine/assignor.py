"""Partitions that nobody has are dealt out by what their logs hold, so that workers have about the same to do.

Faust deals them out in turn, the first, third and fifth to one worker: with a few large streams in those, one core
worked for two thirds of a backlog, and the other waited at its end. It lets members keep what they have. So whoever has
nothing is said to have what is its fair share, and Faust does the rest: counts, topics that go together, those that
left.
"""

import asyncio
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final, cast

from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError
from faust.assignor.client_assignment import ClientMetadata
from faust.assignor.partition_assignor import PartitionAssignor

from app.engine.reader import LogReader

WEIGHING_SECONDS: Final = 5.0

Weights = dict[int, int]
"""How many records the log of each partition holds."""

Members = MutableMapping[str, Any]
"""What each member says of itself, `ConsumerProtocolMemberMetadata` by id."""


class WeighingAssignor(PartitionAssignor):
    """Faust's assignor (its public `PartitionAssignor` setting), which deals out by weight what nobody has.

    `weights` are by source topic, as `weigh` found them when this worker started; those of the group's leader count.
    """

    def __init__(self, app: Any, replicas: int = 0) -> None:
        super().__init__(app, replicas)
        self.weights: dict[str, Weights] = {}

    def assign(self, cluster: Any, member_metadata: Members) -> Any:
        """Return who gets what; called where this worker leads the group."""
        for table in cast(Any, self.app).state_tables():
            weights = self.weights.get(table.source)
            if weights:
                member_metadata = _told(member_metadata, (table.source, table.changelog_topic_name), weights)
        return super().assign(cluster, member_metadata)


async def weigh(reader: LogReader, topic: str, partitions: int) -> Weights:
    """Return how many records each partition of a topic holds: in a log of some days, its share of the gifts.

    Nothing where no broker answers soon: then Faust deals out all.
    """
    with suppress(KafkaError, TimeoutError):
        return await asyncio.wait_for(reader.sizes(topic, range(partitions)), WEIGHING_SECONDS)
    return {}


def deal(held: Mapping[str, frozenset[int]], weights: Weights) -> dict[str, frozenset[int]]:
    """Return what each member is to have: what it holds, and its share of what none does.

    The heaviest goes first, each to the member that has least by weight, until a member has as many as all can have.
    What then is left, less than one for each member, is Faust's to deal out.
    """
    share: Final = len(weights) // len(held)
    dealt = {member: set(partitions) for member, partitions in held.items()}
    free = weights.keys() - frozenset().union(*held.values())
    for partition in sorted(free, key=lambda number: (-weights[number], number)):
        takers = [member for member, has in dealt.items() if len(has) < share]
        if takers:
            least = min(takers, key=lambda member: (sum(weights.get(has, 0) for has in dealt[member]), member))
            dealt[least].add(partition)
    return {member: frozenset(partitions) for member, partitions in dealt.items()}


def _told(members: Members, topics: tuple[str, str], weights: Weights) -> Members:
    """Return what the members say of themselves, as if each had been dealt its share of topics that go together."""
    said = {member: ClientMetadata.loads(metadata.user_data) for member, metadata in members.items()}
    held = {member: frozenset(each.assignment.actives.get(topics[0], ())) for member, each in said.items()}
    for member, partitions in deal(held, weights).items():
        if partitions:
            said[member].assignment.actives.update(dict.fromkeys(topics, sorted(partitions)))
    return {
        member: ConsumerProtocolMemberMetadata(metadata.version, metadata.subscription, said[member].dumps())
        for member, metadata in members.items()
    }
