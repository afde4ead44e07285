"""What is granted to each role, and the command lines that grant it."""

from pathlib import Path

import pytest

from app.access import ROLES, Role, command, grants, markdown
from app.settings import Settings
from app.topics_compare import Tools
from app.topology import topology

SETTINGS = Settings(app_id="boards", topic_prefix="eu.")
NAMES = topology(SETTINGS)


def may(role: Role, operation: str) -> set[str]:
    """Return the names of the resources on which a role may do this."""
    return {grant.name for grant in grants(role, SETTINGS) if operation in grant.operations}


def test_only_producers_may_write_gifts_and_only_a_worker_boards() -> None:
    writers: dict[str, set[Role]] = {
        topic.name: {role for role in ROLES if topic.name in may(role, "Write")} for topic in NAMES
    }
    assert writers.pop(NAMES.gifts.name) == {"producer"}
    assert all(roles == {"worker"} for roles in writers.values())


def test_a_reader_may_read_boards_alone() -> None:
    assert grants("reader", SETTINGS) == [
        grant
        for grant in grants("auditor", SETTINGS)
        if grant.name.removeprefix("eu.")
        in ("stream-totals.v1", "leaderboards.gifters.v1", "leaderboards.streams.v1", "engagement-spikes.v1")
    ]


_BESIDES_TOPICS: dict[Role, set[str]] = {"worker": {"group", "transactionalId"}, "watcher": {"group"}}


def test_only_a_worker_is_in_a_group_and_can_fence() -> None:
    for role in ROLES:
        assert may(role, "Read").isdisjoint({SETTINGS.app_id}) or role == "worker"
        others = {grant.resource for grant in grants(role, SETTINGS)} - {"topic"}
        assert others == _BESIDES_TOPICS.get(role, set())


def test_only_an_operator_may_create_topics() -> None:
    assert [role for role in ROLES if may(role, "Create")] == ["operator"]
    assert may("operator", "Create") == {topic.name for topic in NAMES}


@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_delete_or_alter(role: Role) -> None:
    operations = {operation for grant in grants(role, SETTINGS) for operation in grant.operations}
    assert operations <= {"Read", "Write", "Create", "Describe", "DescribeConfigs"}


def test_a_grant_is_a_command_line() -> None:
    lines = [command(grant, "gateway", Tools("kafka:9093", secured=True)) for grant in grants("worker", SETTINGS)]
    start = "kafka-acls.sh --bootstrap-server kafka:9093 --command-config client.properties --add"
    assert lines[0] == (
        f"{start} --allow-principal User:gateway --operation Read --operation DescribeConfigs --topic eu.gifts.v1"
    )
    assert lines[-1] == (
        f"{start} --allow-principal User:gateway --operation Write --transactional-id boards- "
        "--resource-pattern-type prefixed"
    )


def test_the_page_has_the_roles_and_their_rights() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    assert (
        f"<!-- rights -->\n{markdown(Settings(app_id='giftstream', topic_prefix=''))}\n<!-- end of rights -->" in page
    )
    assert all(f"- **{role}**: {what}\n" in page for role, what in ROLES.items())
