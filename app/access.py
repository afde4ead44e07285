"""Who may do what at Kafka: the least rights of each role, as access control entries."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from app.settings import Settings
from app.topics_compare import Tools
from app.topology import Topic, topology

Role = Literal["worker", "producer", "reader", "auditor", "watcher", "operator"]


class Grant(NamedTuple):
    """Operations on one resource; of all whose names begin with `name`, if it is `prefixed`.

    Operations are named as in Kafka's protocol. Read and Write imply Describe.
    """

    resource: Literal["topic", "group", "transactionalId"]
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


def grants(role: Role, settings: Settings) -> list[Grant]:
    """Return what a role needs, in the order of the topology."""
    return list(_ROLES[role](settings))


def command(grant: Grant, user: str, tools: Tools) -> str:
    """Return the command line that gives a user what is granted."""
    option = "--transactional-id" if grant.resource == "transactionalId" else f"--{grant.resource}"
    operations = " ".join(f"--operation {operation}" for operation in grant.operations)
    pattern = " --resource-pattern-type prefixed" if grant.prefixed else ""
    return tools.command(
        "kafka-acls", f"--add --allow-principal User:{user} {operations} {option} {grant.name}{pattern}"
    )


def _worker(settings: Settings) -> Sequence[Grant]:
    names, app_id = topology(settings), settings.app_id
    return [
        *_on([names.gifts], "Read", "DescribeConfigs"),
        *_on([names.totals, names.gifters, names.spikes], "Write", "DescribeConfigs"),
        # Dead letters are read by the self-check: they tell which records were quarantined.
        *_on([names.streams, names.partials, names.changelog, names.dead_letters], "Read", "Write", "DescribeConfigs"),
        # The topics of an unfinished rebuild: a worker that could not see them would count beside it.
        Grant("topic", f"{app_id}-rebuild.", ("Describe",), prefixed=True),
        Grant("group", app_id, ("Read",)),
        Grant("transactionalId", f"{app_id}-", ("Write",), prefixed=True),
    ]


def _producer(settings: Settings) -> Sequence[Grant]:
    return _on([topology(settings).gifts], "Write")


def _reader(settings: Settings) -> Sequence[Grant]:
    names = topology(settings)
    return _on([names.totals, names.gifters, names.streams, names.spikes], "Read")


def _auditor(settings: Settings) -> Sequence[Grant]:
    return _on(list(topology(settings)), "Read")


def _watcher(settings: Settings) -> Sequence[Grant]:
    return [*_on([topology(settings).gifts], "Describe"), Grant("group", settings.app_id, ("Describe",))]


def _operator(settings: Settings) -> Sequence[Grant]:
    return _on(list(topology(settings)), "Create", "Describe", "DescribeConfigs")


def _on(topics: Sequence[Topic], *operations: str) -> list[Grant]:
    return [Grant("topic", topic.name, operations) for topic in topics]


_ROLES: Final[Mapping[Role, Callable[[Settings], Sequence[Grant]]]] = {
    "worker": _worker,
    "producer": _producer,
    "reader": _reader,
    "auditor": _auditor,
    "watcher": _watcher,
    "operator": _operator,
}

ROLES: Final[Mapping[Role, str]] = {
    "worker": "`giftstream worker`",
    "producer": "whoever sends gifts; `produce`, `simulate`, and with the auditor's rights `dead-letters replay`",
    "reader": "a gateway or an overlay, who may see boards and nothing else; `top`, `watch`",
    "auditor": "`audit`, `audit --state`, `dead-letters list`",
    "watcher": "what watches or scales by the consumer group's lag, such as KEDA and KMinion",
    "operator": "`topics create`, `topics check`",
}
"""What each role is for."""


def markdown(settings: Settings) -> str:
    """Return the roles as a Markdown table, without a newline at its end."""
    rows = []
    for role in ROLES:
        for number, grant in enumerate(grants(role, settings)):
            name = f"`{grant.name}`, and what begins so" if grant.prefixed else f"`{grant.name}`"
            who = f"**{role}**" if not number else ""
            rows.append(f"| {who} | {grant.resource} | {name} | {', '.join(grant.operations)} |")
    return "\n".join(["| role | resource | name | operations |", "|---|---|---|---|", *rows])
