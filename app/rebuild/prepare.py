"""Before a rebuild: may this app id take the place of that one? Then the topics that it needs."""

from collections.abc import Mapping

from app.connection import client_options
from app.engine.reader import LogReader
from app.errors import Finding, UsageError
from app.rebuild.generation import behind_the_mark, hidden, mark
from app.rebuild.replace import may_succeed
from app.settings import Settings
from app.topics import check, create_missing, present
from app.topics_compare import Described
from app.topology import Topology, topology


async def prepare(settings: Settings, replaced: Settings) -> bool:
    """Create what is missing, and return True; False if the rebuild has ended already, but for its hidden topics.

    Raises UsageError where the one cannot take the place of the other, Finding for topics that are not as they must be.
    """
    names, old = hidden(settings), topology(replaced)
    found = await present(settings, [*names, *old])
    _may_replace(settings, replaced, found)
    await may_succeed(replaced, settings.app_id)
    if mark(names).name not in found and await has_counted(settings, names, found):
        if any(topic.name in found for topic in behind_the_mark(names)):
            return False
        raise UsageError(
            f"App id {settings.app_id} has a state already",
            do="If a rebuild into it has ended, start its workers. Else set GIFTSTREAM_APP_ID to one never used",
        )
    await create_missing(settings, [mark(names)])
    await create_missing(settings, [*behind_the_mark(names), names.partials, names.changelog, old.changelog])
    if mismatches := await check(settings):
        raise Finding("The topics are not as they must be:\n" + "\n".join(str(one) for one in mismatches))
    return True


def _may_replace(settings: Settings, replaced: Settings, found: Mapping[str, Described]) -> None:
    old = topology(replaced)
    if replaced.app_id == settings.app_id:
        raise UsageError(
            f"--replaces is GIFTSTREAM_APP_ID itself, {settings.app_id}",
            do="Set GIFTSTREAM_APP_ID to a new one, and --replaces to the one that has counted up to now",
        )
    if settings.source_topic not in found:
        raise UsageError(f"There is no topic {settings.source_topic}", do="Look at GIFTSTREAM_TOPIC_PREFIX")
    if old.partials.name not in found:
        raise UsageError(
            f"Nothing was counted under app id {replaced.app_id}: there is no topic {old.partials.name}",
            do="Set --replaces to the app id that has counted up to now",
        )
    for topic in (old.gifts, old.changelog):
        count = found[topic.name].partitions if topic.name in found else settings.partitions
        if count != settings.partitions:
            raise UsageError(
                f"{topic.name} has {count} partitions, GIFTSTREAM_PARTITIONS is {settings.partitions}: a log that was "
                "written for another number has streams in two partitions, and cannot be counted anew",
                do="For another number, `giftstream repartition` copies it into a new log (docs/rebuild.md)",
            )


async def has_counted(settings: Settings, names: Topology, found: Mapping[str, Described]) -> bool:
    """Tell whether anything was ever written to the changelog, if it is among the topics found."""
    changelog = names.changelog.name
    if changelog not in found:
        return False
    ends = await LogReader(client_options(settings)).end_offsets(changelog, range(found[changelog].partitions))
    return any(ends.values())
