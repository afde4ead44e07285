"""The configuration of the embedded node."""

from pathlib import Path

from app.broker.config import Proxied, server_properties


def _properties(proxied: Proxied | None = None) -> dict[str, str]:
    text = server_properties(port=20_001, controller_port=20_002, data=Path("/data"), proxied=proxied)
    return dict(line.split("=", 1) for line in text.splitlines())


def test_one_node_is_broker_and_controller() -> None:
    properties = _properties()
    assert properties["process.roles"] == "broker,controller"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:20002"
    assert properties["log.dirs"] == "/data"


def test_every_address_is_loopback() -> None:
    properties = _properties()
    assert properties["listeners"] == "PLAINTEXT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002"
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:20001"


def test_a_group_begins_with_its_first_member_unless_it_is_to_wait() -> None:
    waiting = server_properties(port=20_001, controller_port=20_002, data=Path("/data"), members_ms=500)
    assert _properties()["group.initial.rebalance.delay.ms"] == "0"
    assert "group.initial.rebalance.delay.ms=500\n" in waiting


def test_clients_of_a_proxy_are_told_its_port() -> None:
    properties = _properties(Proxied(port=20_003, advertised=20_004))
    own = "PLAINTEXT://127.0.0.1:20001"
    assert properties["listeners"] == f"{own},PROXIED://127.0.0.1:20003,CONTROLLER://127.0.0.1:20002"
    assert properties["advertised.listeners"] == f"{own},PROXIED://127.0.0.1:20004"
    assert "PROXIED:PLAINTEXT" in properties["listener.security.protocol.map"].split(",")


def test_a_topic_is_never_made_by_a_typing_error() -> None:
    assert _properties()["auto.create.topics.enable"] == "false"


def test_internal_topics_need_one_node_only() -> None:
    factors = [value for name, value in _properties().items() if name.endswith(("replication.factor", "min.isr"))]
    assert factors == ["1"] * 5
