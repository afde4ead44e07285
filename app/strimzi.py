"""The topics and the users as Strimzi's custom resources for Kubernetes, and as the text of a manifest."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.access import ROLES, Grant, Role, grants
from app.settings import Settings
from app.topology import Topic, topology

API: Final = "kafka.strimzi.io/v1"

USERS: Final = [role for role in ROLES if role != "operator"]
"""Where Strimzi creates the topics nobody else has to."""


def resources(settings: Settings, cluster: str) -> list[dict[str, Any]]:
    """Return a KafkaTopic for each topic and a KafkaUser for each role, for the Kafka named `cluster`."""
    labels = {"strimzi.io/cluster": cluster}
    topics = [_topic(topic, settings.replication_factor, labels) for topic in topology(settings)]
    return topics + [_user(role, settings, labels) for role in USERS]


def _topic(topic: Topic, replicas: int, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "KafkaTopic",
        "metadata": {"name": _object_name(topic.name), "labels": dict(labels)},
        "spec": {
            "topicName": topic.name,
            "partitions": topic.partitions,
            "replicas": replicas,
            "config": dict(topic.configs),
        },
    }


def _user(role: Role, settings: Settings, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "KafkaUser",
        "metadata": {"name": _object_name(f"{settings.app_id}-{role}"), "labels": dict(labels)},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": [_rule(grant) for grant in grants(role, settings)]},
        },
    }


def _rule(grant: Grant) -> dict[str, Any]:
    pattern = "prefix" if grant.prefixed else "literal"
    resource = {"type": grant.resource, "name": grant.name, "patternType": pattern}
    return {"resource": resource, "operations": list(grant.operations)}


def _object_name(name: str) -> str:
    """Return a name that Kubernetes allows (RFC 1123)."""
    return re.sub(r"[^a-z0-9.-]", "-", name.lower()).strip(".-")


def manifest(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return objects of dicts, lists, texts and numbers as YAML documents; texts are quoted."""
    return "".join("---\n" + "".join(f"{line}\n" for line in _lines(one)) for one in objects)


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if _is_block(inner):
                yield f"{key}:"
                yield from (f"  {line}" for line in _lines(inner))
            else:
                yield f"{key}: {json.dumps(inner)}"
    else:
        for inner in value:
            first, *rest = _lines(inner) if _is_block(inner) else [json.dumps(inner)]
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def _is_block(value: Any) -> bool:
    """Whether it takes lines of its own: a list of plain values does not."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(isinstance(one, (Mapping, list)) for one in value)
