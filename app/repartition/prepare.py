"""Before a repartition: may this app id's log be a copy of that one? Then the topics that it needs."""

from collections.abc import Mapping
from dataclasses import replace

from app.connection import client_options
from app.engine.reader import LogReader
from app.errors import Finding, UsageError
from app.rebuild.prepare import has_counted
from app.repartition import claim
from app.repartition.claim import NEW_ONES, Done
from app.settings import Settings
from app.topics import check, create_missing, present, reconfigure
from app.topics_compare import Described, is_filling
from app.topology import FILLING, Topic, topology


async def may_repartition(settings: Settings, source: str) -> Described:
    """Return the old log's topic. Raises UsageError, and has changed nothing."""
    names = topology(settings)
    if source == names.gifts.name:
        raise UsageError(f"--from is the new topic itself, {source}", do="Set GIFTSTREAM_TOPIC_PREFIX to a new one")
    if settings.partitioner == "any":
        raise UsageError("GIFTSTREAM_PARTITIONER is any: nothing says where a stream belongs", allowed="murmur2, crc32")
    old = await described(settings, source)
    if old is None:
        raise UsageError(
            f"There is no topic {source}", do="--from is the name of the old source topic, prefix included"
        )
    await _may_go_on(settings, await present(settings, names), await claim.read(settings, source, old.partitions))
    return old


async def described(settings: Settings, topic: str) -> Described | None:
    """Return how the cluster describes a topic; None if there is none."""
    return (await present(settings, [replace(topology(settings).gifts, name=topic)])).get(topic)


async def _may_go_on(settings: Settings, found: Mapping[str, Described], done: Mapping[int, Done]) -> None:
    names = topology(settings)
    kept = await _kept(settings, names.gifts, found)
    copied = sum(one.copied for one in done.values())
    if names.gifts.name in found and found[names.gifts.name].partitions != settings.partitions:
        count = found[names.gifts.name].partitions
        raise UsageError(f"{names.gifts.name} has {count} partitions, GIFTSTREAM_PARTITIONS is {settings.partitions}")
    if kept < copied:
        raise UsageError(f"{names.gifts.name} was made anew: {copied:,} records were copied into it", do=NEW_ONES)
    if done:
        return
    if kept:
        raise UsageError(f"{names.gifts.name} holds records that no repartition has put there", do=NEW_ONES)
    if await has_counted(settings, names, found):
        raise UsageError(f"App id {settings.app_id} has counted another log", do=NEW_ONES)


async def make_topics(settings: Settings, old: Described) -> dict[int, int] | None:
    """Create what is missing. As long as it is empty, the new log's topic takes the old append times.

    Returns where its partitions end, or None if history is in and it is open to all. Raises Finding for topics that
    are not as they must be.
    """
    names = topology(settings)
    found = await present(settings, names)
    gifts, others = names.gifts, [topic for topic in names if topic is not names.gifts]
    if not await _kept(settings, gifts, found):
        gifts = replace(gifts, demanded=gifts.demanded | FILLING, advised=gifts.advised | retention(old, settings))
        if gifts.name in found:
            await reconfigure(settings, gifts.name, gifts.configs)
    elif is_filling(found[gifts.name].configs):
        gifts = replace(gifts, demanded=gifts.demanded | FILLING)
    await create_missing(settings, [gifts, *others])
    if mismatches := await check(settings, [gifts, *others]):
        raise Finding("The topics are not as they must be:\n" + "\n".join(str(one) for one in mismatches))
    if gifts.demanded == names.gifts.demanded:
        return None
    return await LogReader(client_options(settings)).end_offsets(gifts.name, range(settings.partitions))


async def open_to_workers(settings: Settings) -> None:
    """Let the broker write append times from now on, which is what workers wait for."""
    gifts = topology(settings).gifts
    await reconfigure(settings, gifts.name, {name: gifts.demanded.get(name) for name in FILLING})


def retention(old: Described, settings: Settings) -> dict[str, str]:
    """Return the settings by which the new log keeps what the old one keeps, and as large records."""
    configs = {name: old.configs[name] for name in ("retention.ms", "retention.bytes", "max.message.bytes")}
    if (kept := int(configs["retention.bytes"])) > 0:
        configs["retention.bytes"] = str(max(kept, kept * old.partitions // settings.partitions))
    return configs


async def _kept(settings: Settings, gifts: Topic, found: Mapping[str, Described]) -> int:
    """Return how many offsets of the topic are taken; 0 if it is not there."""
    if gifts.name not in found:
        return 0
    reader = LogReader(client_options(settings))
    return sum((await reader.end_offsets(gifts.name, range(found[gifts.name].partitions))).values())
