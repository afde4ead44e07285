"""`compose/kubernetes/`: what can be checked without a cluster. Nothing is applied anywhere here."""

from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from app.settings import Settings
from app.settings_load import SECRETS_DIR, refuse_unknown, variable
from app.strimzi import manifest, resources
from app.topology import topology
from app.version import VERSION
from tests.compose.custom_resources import schemas

FOLDER = Path(__file__).parents[2] / "compose" / "kubernetes"
OLDEST, NEWEST = "1.30", "1.37"
"""The versions of Kubernetes that the manifests are checked for."""


def documents(path: Path) -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all(path.read_text(encoding="utf-8")))


FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")
OBJECTS = [(path.name, one) for path in FILES for one in documents(path)]
BY_KIND = {one["kind"]: one for _, one in OBJECTS}
(KUSTOMIZATION,) = documents(FOLDER / "kustomization.yaml")
POD: dict[str, Any] = BY_KIND["Deployment"]["spec"]["template"]
(WORKER,) = POD["spec"]["containers"]
DATA: dict[str, str] = BY_KIND["ConfigMap"]["data"]
CUSTOM = schemas()
(TRIGGER,) = BY_KIND["ScaledObject"]["spec"]["triggers"]


def told() -> Settings:
    """Return the settings of the workers, as far as they name no file of the container."""
    fields = {field: DATA[variable(field)] for field in Settings.model_fields if variable(field) in DATA}
    protocol = {"security_protocol", "sasl_mechanism", "sasl_username", "ssl_cafile"}
    return Settings(**{field: value for field, value in fields.items() if field not in protocol})  # type: ignore[arg-type]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize(("file", "one"), OBJECTS, ids=lambda one: one["kind"] if isinstance(one, dict) else one)
def test_every_object_is_valid_by_its_schema(file: str, one: dict[str, Any], version: str) -> None:
    schema = CUSTOM.get((one["apiVersion"], one["kind"]))
    if schema is None:
        kubernetes_validate.validate(one, version, strict=True)
    else:
        jsonschema.Draft202012Validator(schema).validate(one)


def test_a_misspelt_field_of_a_custom_resource_is_found() -> None:
    for one in (one for _, one in OBJECTS if (one["apiVersion"], one["kind"]) in CUSTOM):
        schema = CUSTOM[one["apiVersion"], one["kind"]]
        altered = one | {"spec": one["spec"] | {"partitons": 4}}
        assert not jsonschema.Draft202012Validator(schema).is_valid(altered)


def test_what_triggers_the_scaling_is_known_to_the_kafka_scaler() -> None:
    """The definition leaves a trigger's metadata open: https://keda.sh/docs/latest/scalers/apache-kafka/."""
    assert TRIGGER["type"] == "kafka"
    assert set(TRIGGER["metadata"]) <= {
        "bootstrapServers", "consumerGroup", "topic", "lagThreshold", "activationLagThreshold", "offsetResetPolicy",
        "allowIdleConsumers", "scaleToZeroOnInvalidOffset", "excludePersistentLag", "limitToPartitionsWithLag",
        "version", "partitionLimitation", "sasl", "tls",
    }  # fmt: skip


def test_topics_and_users_are_those_of_the_code() -> None:
    assert (FOLDER / "kafka.yaml").read_text(encoding="utf-8") == manifest(resources(told(), "kafka"))


def test_the_manifest_says_what_the_code_means() -> None:
    settings = Settings(topic_prefix="EU_", app_id="boards")
    read = list(YAML(typ="safe").load_all(manifest(resources(settings, "other"))))
    assert read == resources(settings, "other")
    assert [one["spec"]["topicName"] for one in read if one["kind"] == "KafkaTopic"] == [
        topic.name for topic in topology(settings)
    ]
    assert read[0]["metadata"] == {"name": "eu-gifts.v1", "labels": {"strimzi.io/cluster": "other"}}


def test_kustomize_is_given_every_file() -> None:
    assert [*KUSTOMIZATION["resources"]] == [name for name in KUSTOMIZATION["resources"] if (FOLDER / name).is_file()]
    component = documents(FOLDER / "scaling" / "kustomization.yaml")[0]["resources"]
    given = {FOLDER / name for name in KUSTOMIZATION["resources"]} | {FOLDER / "scaling" / name for name in component}
    assert given == set(FILES)
    assert KUSTOMIZATION["images"] == [{"name": WORKER["image"], "newTag": VERSION}]


def test_the_settings_are_settings() -> None:
    refuse_unknown(DATA)
    assert told().replication_factor == 3
    assert DATA["GIFTSTREAM_SECURITY_PROTOCOL"] == "SASL_SSL"
    assert told().bootstrap == [TRIGGER["metadata"]["bootstrapServers"]]


def test_what_the_settings_name_is_mounted() -> None:
    mounts = {mount["name"]: mount["mountPath"] for mount in WORKER["volumeMounts"]}
    files = {
        f"{mounts[volume['name']]}/{item['path']}": (volume["secret"]["secretName"], item["key"])
        for volume in POD["spec"]["volumes"]
        for item in volume["secret"]["items"]
    }
    assert files == {
        f"{DATA[SECRETS_DIR]}/giftstream_sasl_password": (DATA["GIFTSTREAM_SASL_USERNAME"], "password"),
        DATA["GIFTSTREAM_SSL_CAFILE"]: ("kafka-cluster-ca-cert", "ca.crt"),
    }


def test_users_are_there() -> None:
    users = {one["metadata"]["name"] for _, one in OBJECTS if one["kind"] == "KafkaUser"}
    assert DATA["GIFTSTREAM_SASL_USERNAME"] in users
    secrets = BY_KIND["TriggerAuthentication"]["spec"]["secretTargetRef"]
    assert next(one["name"] for one in secrets if one["parameter"] == "password") in users


def test_selectors_find_the_workers() -> None:
    labels = POD["metadata"]["labels"]
    selectors = [
        BY_KIND["Deployment"]["spec"]["selector"]["matchLabels"],
        BY_KIND["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        BY_KIND["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        BY_KIND["Service"]["spec"]["selector"],
        POD["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ]
    assert selectors == [labels] * len(selectors)
    monitored = BY_KIND["ServiceMonitor"]["spec"]["selector"]["matchLabels"]
    assert monitored.items() <= BY_KIND["Service"]["metadata"]["labels"].items()


def test_ports_are_those_that_are_served() -> None:
    assert WORKER["ports"] == [{"name": "http", "containerPort": Settings.model_fields["http_port"].default}]
    named = [WORKER[f"{probe}Probe"]["httpGet"]["port"] for probe in ("startup", "liveness", "readiness")]
    named += [
        BY_KIND["Service"]["spec"]["ports"][0]["targetPort"],
        BY_KIND["ServiceMonitor"]["spec"]["endpoints"][0]["port"],
    ]
    assert named == ["http"] * 5
    kafka = BY_KIND["NetworkPolicy"]["spec"]["egress"][0]["ports"][0]["port"]
    assert DATA["GIFTSTREAM_BROKER"].endswith(f":{kafka}")


def test_a_worker_has_no_rights_and_writes_nothing() -> None:
    assert POD["spec"]["securityContext"]["runAsNonRoot"] is True
    assert POD["spec"]["automountServiceAccountToken"] is False
    assert WORKER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_it_scales_by_the_group_between_two_workers_and_the_partitions() -> None:
    settings, scaled = told(), BY_KIND["ScaledObject"]["spec"]
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (2, settings.partitions)
    assert TRIGGER["metadata"]["consumerGroup"] == settings.app_id
    assert TRIGGER["metadata"]["topic"] == settings.source_topic
    assert scaled["scaleTargetRef"]["name"] == BY_KIND["Deployment"]["metadata"]["name"]
    assert BY_KIND["Deployment"]["spec"]["replicas"] >= scaled["minReplicaCount"]
