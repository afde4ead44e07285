"""The topics: names, partitions and settings."""

from app.settings import Settings
from app.topology import DAY_MS, topology


def test_public_names_take_the_prefix_and_internal_ones_the_app_id() -> None:
    topics = topology(Settings(topic_prefix="eu.", app_id="boards"))
    assert [topic.name for topic in topics] == [
        "eu.gifts.v1",
        "eu.stream-totals.v1",
        "eu.leaderboards.gifters.v1",
        "eu.leaderboards.streams.v1",
        "eu.engagement-spikes.v1",
        "eu.gifts.dead-letter.v1",
        "boards-partials.v1",
        "boards-state-changelog",
    ]


def test_all_but_the_merged_topics_have_the_partitions_of_the_source() -> None:
    topics = topology(Settings(partitions=7))
    assert [topic.partitions for topic in topics] == [7, 7, 7, 1, 7, 7, 1, 7]


def test_the_source_keeps_append_times() -> None:
    assert topology(Settings()).gifts.demanded["message.timestamp.type"] == "LogAppendTime"


def test_boards_outlive_their_tombstones() -> None:
    topics = topology(Settings())
    for topic in (topics.totals, topics.gifters, topics.streams, topics.spikes):
        assert int(topic.demanded["retention.ms"]) > 8 * DAY_MS
        assert topic.demanded["cleanup.policy"] == "compact,delete"


def test_the_changelog_is_only_compacted_and_takes_a_whole_run() -> None:
    demanded = topology(Settings()).changelog.demanded
    assert demanded["cleanup.policy"] == "compact"
    assert demanded["delete.retention.ms"] == str(DAY_MS)
    assert int(demanded["max.message.bytes"]) == 8 * 1024 * 1024


def test_three_replicas_need_two_in_sync() -> None:
    assert topology(Settings(replication_factor=1)).changelog.demanded["min.insync.replicas"] == "1"
    assert topology(Settings(replication_factor=3)).changelog.demanded["min.insync.replicas"] == "2"
