"""What differs between the topics that are there and those that are needed, and how to mend it."""

import pytest

from app.settings import Settings
from app.topics_compare import Described, Mismatch, Tools, compare
from app.topology import Topic, topology

TOOLS = Tools("127.0.0.1:9092")


def as_needed(topic: Topic) -> Described:
    return Described(topic.partitions, dict(topic.demanded))


def differences(topic: Topic, found: Described, tools: Tools = TOOLS) -> list[Mismatch]:
    return compare([topic], {topic.name: found}, tools)


def test_topics_as_they_are_created_differ_in_nothing() -> None:
    topics = topology(Settings())
    assert compare(topics, {topic.name: Described(topic.partitions, topic.configs) for topic in topics}, TOOLS) == []


def test_a_missing_topic_is_created() -> None:
    (mismatch,) = compare([topology(Settings()).gifts], {}, TOOLS)
    assert (mismatch.found, mismatch.fix) == ("missing", "giftstream topics create")


@pytest.mark.parametrize(
    ("topic", "setting", "value"),
    [
        ("gifts", "message.timestamp.type", "CreateTime"),
        ("gifts", "cleanup.policy", "compact"),
        ("gifts", "cleanup.policy", "delete,compact"),
        ("totals", "cleanup.policy", "delete"),
        ("totals", "retention.ms", "604800000"),
        ("changelog", "cleanup.policy", "compact,delete"),
        ("changelog", "max.message.bytes", "1048588"),
        ("changelog", "unclean.leader.election.enable", "true"),
    ],
)
def test_a_wrong_setting_is_found_and_mended_by_kafka_configs(topic: str, setting: str, value: str) -> None:
    needed: Topic = getattr(topology(Settings()), topic)
    found = as_needed(needed)
    (mismatch,) = differences(needed, Described(found.partitions, {**found.configs, setting: value}))
    assert (mismatch.topic, mismatch.setting, mismatch.found) == (needed.name, setting, value)
    command = f"kafka-configs.sh --bootstrap-server 127.0.0.1:9092 --alter --topic {needed.name}"
    assert mismatch.fix.startswith(f"{command} --add-config '{setting}=")


@pytest.mark.parametrize(
    ("topic", "setting", "value"),
    [
        ("totals", "cleanup.policy", "delete,compact"),
        ("totals", "retention.ms", "-1"),
        ("totals", "retention.ms", "999999999999"),
        ("changelog", "max.message.bytes", "16777216"),
        ("changelog", "min.insync.replicas", "3"),
    ],
)
def test_more_than_is_needed_is_enough(topic: str, setting: str, value: str) -> None:
    needed: Topic = getattr(topology(Settings()), topic)
    found = as_needed(needed)
    assert differences(needed, Described(found.partitions, {**found.configs, setting: value})) == []


@pytest.mark.parametrize(
    ("topic", "found", "fix"),
    [
        ("gifts", 8, "GIFTSTREAM_PARTITIONS=8"),
        ("changelog", 8, "a new GIFTSTREAM_APP_ID"),
        (
            "totals",
            2,
            "kafka-topics.sh --bootstrap-server 127.0.0.1:9092 --alter --topic stream-totals.v1 --partitions 4",
        ),
        ("totals", 8, "--delete --topic stream-totals.v1 && giftstream topics create"),
    ],
)
def test_a_wrong_partition_count(topic: str, found: int, fix: str) -> None:
    needed: Topic = getattr(topology(Settings()), topic)
    (mismatch,) = differences(needed, Described(found, needed.demanded))
    assert (mismatch.setting, mismatch.found, mismatch.needed) == ("partitions", str(found), "4")
    assert fix in mismatch.fix


def test_a_policy_list_is_given_to_kafka_in_brackets() -> None:
    totals = topology(Settings()).totals
    (mismatch,) = differences(totals, Described(4, {**totals.demanded, "cleanup.policy": "delete"}))
    assert mismatch.fix.endswith("'cleanup.policy=[compact,delete]'")


def test_a_secured_cluster_needs_the_operators_properties() -> None:
    gifts = topology(Settings()).gifts
    found = Described(4, {**gifts.demanded, "message.timestamp.type": "CreateTime"})
    (mismatch,) = differences(gifts, found, Tools("k:9093", secured=True))
    assert "--command-config client.properties" in mismatch.fix


def test_a_mismatch_reads_as_one_line() -> None:
    assert str(Mismatch("t", "partitions", "1", "4", "do it")) == "t: partitions is 1, needed 4. Fix: do it"
