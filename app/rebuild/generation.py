"""A generation of the state: an app id. While it is rebuilt, its boards go to hidden topics of its own.

The first of those topics to be made and the first to be deleted is the `mark`: as long as it is there, the generation
is unfinished, and only a rebuild may count into it.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.errors import Finding
from app.settings import Settings
from app.topics import partition_counts
from app.topology import Topic, Topology, topology


def hidden(settings: Settings) -> Topology:
    """Return the topology with the topics of the boards, spikes and dead letters hidden."""
    names = topology(settings)

    def aside(topic: Topic) -> Topic:
        short = topic.name.removeprefix(settings.topic_prefix)
        return replace(topic, name=f"{settings.app_id}-rebuild.{short}", role="internal")

    return replace(
        names,
        totals=aside(names.totals),
        gifters=aside(names.gifters),
        spikes=aside(names.spikes),
        dead_letters=aside(names.dead_letters),
    )


def mark(names: Topology) -> Topic:
    """Return the topic that is there as long as the generation is unfinished."""
    return names.totals


def behind_the_mark(names: Topology) -> Sequence[Topic]:
    """Return the other hidden topics."""
    return names.gifters, names.spikes, names.dead_letters


async def refuse_unfinished(settings: Settings) -> None:
    """Raise Finding if the app id is that of a rebuild that has not ended."""
    if await partition_counts(settings, [mark(hidden(settings)).name]):
        raise Finding(
            f"The state of app id {settings.app_id} is being rebuilt, and is not switched to yet",
            do="`giftstream rebuild` ends that; it goes on where it stopped",
        )
