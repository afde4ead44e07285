"""Of the custom resources that we use, the fields that we use: closed, so that a misspelt one is found.

By the definitions of Strimzi (kafka.strimzi.io/v1), the Prometheus operator and KEDA 2, in our own words: their files
are megabytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

TEXT: Final = {"type": "string", "minLength": 1}
COUNT: Final = {"type": "integer", "minimum": 1}
SECONDS: Final = {"type": "integer", "minimum": 0, "maximum": 3600}


def closed(properties: Mapping[str, Any], optional: Sequence[str] = ()) -> dict[str, Any]:
    """Return the schema of an object with these properties and no other."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def list_of(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 1}


def one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


TEXTS: Final = {"type": "object", "additionalProperties": TEXT}

_OPERATIONS = one_of(
    "Read", "Write", "Create", "Delete", "Alter", "Describe", "ClusterAction", "AlterConfigs", "DescribeConfigs",
    "IdempotentWrite", "All",
)  # fmt: skip
_RULE = closed(
    {
        "resource": closed(
            {
                "type": one_of("topic", "group", "cluster", "transactionalId"),
                "name": TEXT,
                "patternType": one_of("literal", "prefix"),
            }
        ),
        "operations": list_of(_OPERATIONS),
    }
)
_BEHAVIOUR = closed(
    {
        "stabilizationWindowSeconds": SECONDS,
        "policies": list_of(
            closed(
                {
                    "type": one_of("Pods", "Percent"),
                    "value": COUNT,
                    "periodSeconds": {"type": "integer", "minimum": 1, "maximum": 1800},
                }
            )
        ),
    }
)

SPECS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("kafka.strimzi.io/v1", "KafkaTopic"): closed(
        {"topicName": TEXT, "partitions": COUNT, "replicas": COUNT | {"maximum": 32_767}, "config": TEXTS}
    ),
    ("kafka.strimzi.io/v1", "KafkaUser"): closed(
        {
            "authentication": closed({"type": one_of("tls", "tls-external", "scram-sha-512")}),
            "authorization": closed({"type": one_of("simple"), "acls": list_of(_RULE)}),
        }
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): closed(
        {
            "selector": closed({"matchLabels": TEXTS}),
            "endpoints": list_of(closed({"port": TEXT, "path": TEXT, "interval": {"pattern": r"^\d+s$"}})),
        }
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): closed(
        {
            "scaleTargetRef": closed({"name": TEXT}),
            "minReplicaCount": COUNT,
            "maxReplicaCount": COUNT,
            "pollingInterval": COUNT,
            "cooldownPeriod": COUNT,
            "advanced": closed(
                {
                    "horizontalPodAutoscalerConfig": closed(
                        {"behavior": closed({"scaleUp": _BEHAVIOUR, "scaleDown": _BEHAVIOUR})}
                    )
                }
            ),
            "triggers": list_of(
                closed(
                    {
                        "type": one_of("kafka"),
                        "metadata": closed(
                            {
                                "bootstrapServers": TEXT,
                                "consumerGroup": TEXT,
                                "topic": TEXT,
                                "lagThreshold": {"pattern": r"^\d+$"},
                                "allowIdleConsumers": one_of("true", "false"),
                                "sasl": one_of("scram_sha512"),
                                "tls": one_of("enable"),
                            }
                        ),
                        "authenticationRef": closed({"name": TEXT}),
                    }
                )
            ),
        }
    ),
    ("keda.sh/v1alpha1", "TriggerAuthentication"): closed(
        {"secretTargetRef": list_of(closed({"parameter": TEXT, "name": TEXT, "key": TEXT}))}
    ),
}
"""The schema of `spec`, by apiVersion and kind."""
