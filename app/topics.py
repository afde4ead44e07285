"""Creating the topics that are missing, checking those that are there, deleting those of a rebuild."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaConnectionError,
    NodeNotReadyError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from app.connection import client_options
from app.errors import BrokerUnreachable, Finding
from app.settings import Settings
from app.topics_compare import Described, Mismatch, Tools, compare
from app.topology import Topic, topology

VISIBLE_TRIES: Final = 100
VISIBLE_PAUSE_SECONDS: Final = 0.1

SET_FOR_THE_TOPIC: Final = 1
"""What Kafka calls the source of a setting that is the topic's own (DYNAMIC_TOPIC_CONFIG)."""


async def create(settings: Settings) -> list[str]:
    """Create the topics that are missing, and return their names once the broker serves them.

    Raises Finding when the broker refuses one, BrokerUnreachable when none answers.
    """
    return await create_missing(settings, topology(settings))


async def create_missing(settings: Settings, topics: Iterable[Topic]) -> list[str]:
    """Create those of the topics that are missing; as `create`."""
    async with admin(settings) as client:
        there = set(await client.list_topics())
        missing = [topic for topic in topics if topic.name not in there]
        if missing:
            response = await client.create_topics([_new(topic, settings) for topic in missing])
            created = _created(response)
            await _visible(client, missing)
            return created
    return []


async def delete(settings: Settings, names: Sequence[str]) -> None:
    """Delete topics, and return once the broker no longer tells of them. Raises Finding when it refuses."""
    async with admin(settings) as client:
        for name, error, *_ in (await client.delete_topics(list(names))).topic_error_codes:
            if error not in (0, UnknownTopicOrPartitionError.errno):
                raise Finding(f"Kafka refuses to delete {name}: {for_code(error).__name__}")
        for _ in range(VISIBLE_TRIES):
            if not set(names) & set(await client.list_topics()):
                return
            await asyncio.sleep(VISIBLE_PAUSE_SECONDS)
    raise Finding(f"The broker still tells of {', '.join(names)}, which were deleted")


async def present(settings: Settings, topics: Iterable[Topic]) -> dict[str, Described]:
    """Return those of the topics that are there, by name. Raises BrokerUnreachable."""
    async with admin(settings) as client:
        return await describe(client, [topic.name for topic in topics])


async def partition_counts(settings: Settings, names: Sequence[str]) -> dict[str, int]:
    """Return the partition count of those of the topics that are there and that we may see. Raises BrokerUnreachable.

    It needs the right to read a topic, where `present` needs that to read its settings, too.
    """
    async with admin(settings) as client:
        return await _counts(client, names)


async def check(settings: Settings, topics: Iterable[Topic] | None = None) -> list[Mismatch]:
    """Return everything about the topics (of the settings, if not given) that is not as it must be.

    Raises BrokerUnreachable.
    """
    needed = list(topology(settings) if topics is None else topics)
    return compare(
        needed, await present(settings, needed), Tools(settings.broker, settings.security_protocol != "PLAINTEXT")
    )


async def reconfigure(settings: Settings, name: str, changes: Mapping[str, str | None]) -> None:
    """Change settings of a topic, None back to the default, and return once the broker tells of it.

    The other ones stay. Raises Finding when the broker refuses.
    """
    resource = ConfigResource(ConfigResourceType.TOPIC, name)
    async with admin(settings) as client:
        [response] = await client.describe_configs([resource])
        own = {one[0]: str(one[1]) for one in response.resources[0][4] if one[3] == SET_FOR_THE_TOPIC}
        wanted = {key: value for key, value in (own | dict(changes)).items() if value is not None}
        [altered] = await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=wanted)])
        for error, message, *_ in altered.resources:
            if error:
                raise Finding(f"Kafka refuses to change {name}: {message or for_code(error).__name__}")
        for _ in range(VISIBLE_TRIES):
            told = (await _configs(client, [name]))[name]
            if all(told[key] == value for key, value in changes.items() if value is not None):
                return
            await asyncio.sleep(VISIBLE_PAUSE_SECONDS)
    raise Finding(f"The broker does not tell of new settings of {name}")


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Yield a connected admin client. Raises BrokerUnreachable."""
    client = AIOKafkaAdminClient(client_id=f"{settings.app_id}-topics", **client_options(settings))
    try:
        await client.start()
        yield client
    except (KafkaConnectionError, NodeNotReadyError) as error:
        do = "Start it (`giftstream broker`), or set GIFTSTREAM_BROKER"
        raise BrokerUnreachable(f"No Kafka broker answers at {settings.broker} ({error})", do=do) from None
    finally:
        await client.close()


async def describe(client: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, Described]:
    """Return those of the topics that are there."""
    counts = await _counts(client, names)
    configs = await _configs(client, counts)
    return {name: Described(count, configs.get(name, {})) for name, count in counts.items()}


async def _counts(client: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """Return the partition counts. Asking for all topics avoids creating one by asking for it."""
    wanted = set(names)
    return {one["topic"]: len(one["partitions"]) for one in await client.describe_topics() if one["topic"] in wanted}


async def _configs(client: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    configs: dict[str, dict[str, str]] = {}
    for response in await client.describe_configs(resources):
        for error, message, _, name, entries in response.resources:
            if error:
                raise Finding(f"Kafka does not tell the settings of {name}: {message or for_code(error).__name__}")
            configs[name] = {entry[0]: str(entry[1]) for entry in entries}
    return configs


def _new(topic: Topic, settings: Settings) -> NewTopic:
    return NewTopic(topic.name, topic.partitions, settings.replication_factor, topic_configs=topic.configs)


def _created(response: Any) -> list[str]:
    """Return what was created. Two processes may try at the same time; that the other was first is no error."""
    created = []
    for name, error, *message in response.topic_errors:
        if not error:
            created.append(name)
        elif error != TopicAlreadyExistsError.errno:
            why = message[0] if message and message[0] else for_code(error).__name__
            raise Finding(f"Kafka refuses to create {name}: {why}")
    return created


async def _visible(client: AIOKafkaAdminClient, topics: Iterable[Topic]) -> None:
    """Wait until the broker serves new topics: the controller answers before the brokers have heard."""
    wanted = {topic.name for topic in topics}
    for _ in range(VISIBLE_TRIES):
        described = await client.describe_topics()
        if wanted <= {one["topic"] for one in described if all(p["leader"] >= 0 for p in one["partitions"])}:
            return
        await asyncio.sleep(VISIBLE_PAUSE_SECONDS)
    raise Finding(f"The broker does not serve the new topics after {VISIBLE_TRIES * VISIBLE_PAUSE_SECONDS:.0f} s")
