"""`compose/`: what can be checked without Docker. The containers themselves are not started here."""

import ast
import json
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from app.broker.config import server_properties
from app.cli import cli
from app.settings import Settings
from app.settings_load import refuse_unknown, variable
from app.version import VERSION

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "compose" / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "compose" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("topics", "worker", "load")
PROMETHEUS: dict[str, Any] = YAML(typ="safe").load(
    (ROOT / "compose" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
)
KAFKA: dict[str, str] = SERVICES["kafka"]["environment"]


def instructions(name: str) -> list[str]:
    """Return the arguments of each such instruction of the Dockerfile, continuation lines joined."""
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.strip().startswith(f"{name} ")]


def environment() -> dict[str, str]:
    """Return what the image sets."""
    return dict(pair.split("=", 1) for line in instructions("ENV") for pair in shlex.split(line))


def test_compose_yaml_is_valid_by_the_compose_specification() -> None:
    package = find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    vendored = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(COMPOSE)


@pytest.mark.parametrize("service", OURS)
def test_the_environment_holds_settings_only_and_they_are_valid(service: str) -> None:
    given = SERVICES[service]["environment"] | {
        name: value for name, value in environment().items() if name.startswith("GIFTSTREAM_")
    }
    refuse_unknown(given)
    fields = {field for field in Settings.model_fields if variable(field) in given}
    assert len(fields) == len(given)
    Settings(**{field: given[variable(field)] for field in fields})


def test_all_of_ours_agree_on_the_settings() -> None:
    assert all(SERVICES[service]["environment"] == SERVICES["worker"]["environment"] for service in OURS)
    assert SERVICES["worker"]["environment"]["GIFTSTREAM_PARTITIONS"] == str(
        Settings.model_fields["partitions"].default
    )


def test_ports_are_those_of_the_defaults() -> None:
    defaults = {name: Settings.model_fields[name].default for name in ("http_port", "broker")}
    assert instructions("EXPOSE") == [str(defaults["http_port"])]
    assert SERVICES["kafka"]["ports"] == [f"{defaults['broker']}:9092"]
    assert f"HOST://{defaults['broker']}" in KAFKA["KAFKA_ADVERTISED_LISTENERS"].split(",")


def test_the_broker_of_the_settings_is_the_one_that_is_advertised_inside() -> None:
    address = SERVICES["worker"]["environment"]["GIFTSTREAM_BROKER"]
    assert f"INSIDE://{address}" in KAFKA["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert address.split(":")[0] in SERVICES
    assert KAFKA["KAFKA_INTER_BROKER_LISTENER_NAME"] == "INSIDE"


def test_every_listener_has_a_protocol() -> None:
    listeners = {listener.split(":")[0] for listener in KAFKA["KAFKA_LISTENERS"].split(",")}
    assert listeners == {pair.split(":")[0] for pair in KAFKA["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")}
    quorum = KAFKA["KAFKA_CONTROLLER_QUORUM_VOTERS"].rsplit(":", 1)[1]
    assert f"CONTROLLER://:{quorum}" in KAFKA["KAFKA_LISTENERS"].split(",")


def test_kafka_is_set_as_the_embedded_broker_is_where_it_matters() -> None:
    embedded = dict(line.split("=", 1) for line in server_properties(1, 2, Path("/data")).splitlines())
    lines = (ROOT / "compose" / "compose.yaml").read_text(encoding="utf-8").split("# From here on as in")[1]
    names = re.findall(r"(KAFKA_\w+): ", lines.split("ports:")[0])
    assert len(names) > 5
    for name in names:
        assert KAFKA[name] == embedded[name.removeprefix("KAFKA_").lower().replace("_", ".")], name


def test_the_image_is_the_kafka_that_the_tests_run_on() -> None:
    jars = (ROOT / "app" / "broker" / "jars.sha256").read_text(encoding="utf-8")
    version = re.search(r"org\.apache\.kafka:kafka_[\d.]+:(\S+)", jars)
    assert version is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"


@pytest.mark.parametrize(
    "command", [*(SERVICES[name]["command"] for name in OURS), ast.literal_eval(*instructions("CMD"))]
)
def test_every_command_is_one_of_the_command_line(command: list[str]) -> None:
    words = [word for word in command if not word.startswith("-") and not word.isdigit()]
    shown = CliRunner().invoke(cli, [*words, "--help"], terminal_width=200, env={"NO_COLOR": "1", "COLUMNS": "200"})
    assert shown.exit_code == 0
    for option in (word for word in command if word.startswith("--")):
        assert option in shown.output


def test_the_entrypoint_is_the_installed_script() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"\n{ast.literal_eval(*instructions('ENTRYPOINT'))[0]} = " in project.split("[project.scripts]")[1]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    let_through = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    copied = [path.rstrip("/") for line in instructions("COPY") if "--from" not in line for path in line.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert path.split("/")[0] in let_through
    assert {path.split("/")[0] for path in copied} == set(let_through)


def test_all_that_is_installed_has_a_hash() -> None:
    for line in instructions("RUN"):
        installs = [part for part in line.split("&&") if "pip install" in part]
        assert all("--require-hashes" in part or "--no-deps" in part for part in installs)
        assert all("--require-hashes" in part for part in line.split("&&") if "pip sync" in part)


def test_the_image_runs_as_nobody_in_particular_and_says_what_it_is() -> None:
    assert instructions("USER") == ["10001:10001"]
    labels = dict(pair.split("=", 1) for line in instructions("LABEL") for pair in shlex.split(line))
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert f"VERSION={VERSION}" in instructions("ARG")


def test_the_health_check_asks_livez_at_the_port_that_is_served() -> None:
    words = ast.literal_eval(instructions("HEALTHCHECK")[0].split("CMD ")[1])
    compile(words[-1], "healthcheck", "exec")
    assert f"http://127.0.0.1:{Settings.model_fields['http_port'].default}/livez" in words[-1]


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_has_rights_and_none_but_kafka_writes_outside_its_volumes(service: str) -> None:
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]
    assert service == "kafka" or SERVICES[service]["read_only"] is True


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_limits_and_a_pinned_image(service: str) -> None:
    assert set(SERVICES[service]["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service in OURS or re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", SERVICES[service]["image"])


def test_every_service_that_serves_is_asked_for_its_health() -> None:
    without = {name for name, one in SERVICES.items() if one.get("healthcheck", {}).get("disable")}
    assert without == {"topics", "load"}
    assert all("test" in SERVICES[name]["healthcheck"] for name in set(SERVICES) - without - {"worker"})


def test_all_that_is_open_on_the_host_is_open_on_loopback() -> None:
    ports = [port for one in SERVICES.values() for port in one.get("ports", ())]
    assert [port.split(":")[0] for port in ports] == ["127.0.0.1"] * 3


def test_workers_can_be_several() -> None:
    """A second one could not have the same name, or the same port of the host."""
    assert not {"ports", "container_name", "volumes"} & set(SERVICES["worker"])
    (job,) = PROMETHEUS["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert (found["names"], found["port"]) == (["worker"], Settings.model_fields["http_port"].default)


def test_named_volumes_hold_what_is_kept() -> None:
    mounts = [mount.split(":") for one in SERVICES.values() for mount in one.get("volumes", ())]
    assert {source for source, *_ in mounts if not source.startswith(".")} == set(COMPOSE["volumes"])
    for source, _, *mode in (mount for mount in mounts if mount[0].startswith(".")):
        assert (ROOT / "compose" / source).is_dir()
        assert mode == ["ro"]


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    (source,) = provisioned("datasources/prometheus.yaml")["datasources"]
    assert source["url"] == f"http://prometheus:{SERVICES['prometheus']['ports'][0].rsplit(':', 1)[1]}"
    (provider,) = provisioned("dashboards/giftstream.yaml")["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]


def provisioned(name: str) -> dict[str, Any]:
    text = (ROOT / "compose" / "grafana" / "provisioning" / name).read_text(encoding="utf-8")
    found: dict[str, Any] = YAML(typ="safe").load(text)
    return found
