"""The configuration of one small Kafka node on loopback, and the arguments of its JVM."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

NODE_ID: Final = 1
HOST: Final = "127.0.0.1"
MAX_RECORD_BATCH_BYTES: Final = 9 * 1024 * 1024
"""Above the 8 MiB that a changelog topic asks for."""

SMALL_MEMORY: Final = ("-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
JVM_OPTIONS: Final = (
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    "-Dlog4j2.statusLoggerLevel=OFF",
)


class Proxied(NamedTuple):
    """A second listener on `port`. Clients that come by it are told `advertised`: there listens a proxy for it."""

    port: int
    advertised: int


class Secured(NamedTuple):
    """Two more listeners with TLS: `tls_port` (SSL) and `login_port` (SASL_SSL).

    `properties` are the node's settings for them, and `format_arguments` what makes the users (`--add-scram ...`).
    """

    tls_port: int
    login_port: int
    properties: Mapping[str, str]
    format_arguments: Sequence[str] = ()


def server_properties(
    port: int,
    controller_port: int,
    data: Path,
    proxied: Proxied | None = None,
    secured: Secured | None = None,
    members_ms: int = 0,
) -> str:
    """Return the text of `server.properties` of a KRaft node that is broker and controller in one.

    `data` is where the node keeps its log. One of each internal partition and replica: there is one node.
    `members_ms` is how long the first member of a group waits for more; tests and demos want to begin.
    """
    listeners = advertised = f"PLAINTEXT://{HOST}:{port}"
    protocols = "PLAINTEXT:PLAINTEXT"
    if proxied is not None:
        listeners += f",PROXIED://{HOST}:{proxied.port}"
        advertised += f",PROXIED://{HOST}:{proxied.advertised}"
        protocols += ",PROXIED:PLAINTEXT"
    if secured is not None:
        by_tls = f",SSL://{HOST}:{secured.tls_port},SASL_SSL://{HOST}:{secured.login_port}"
        listeners, advertised = listeners + by_tls, advertised + by_tls
        protocols += ",SSL:SSL,SASL_SSL:SASL_SSL"
    properties: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{listeners},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": advertised,
        "listener.security.protocol.map": f"{protocols},CONTROLLER:PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "message.max.bytes": MAX_RECORD_BATCH_BYTES,
        "group.initial.rebalance.delay.ms": members_ms,
        "offsets.topic.num.partitions": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # A node that was killed is let in again only when its old session has timed out (default 9 s).
        "broker.session.timeout.ms": 3_000,
        "broker.heartbeat.interval.ms": 500,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "log.cleaner.threads": 1,
        "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
        **(secured.properties if secured else {}),
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())
