"""Ports: which are chosen, and what counts as serving."""

import socket
from concurrent.futures import ThreadPoolExecutor

from app.broker.probe import PORTS, free_ports, is_free, serves


def test_free_ports_are_different_and_not_those_of_outgoing_connections() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert all(port in PORTS and is_free(port) for port in ports)


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not is_free(taken.getsockname()[1])


def test_nothing_there_does_not_serve() -> None:
    assert not serves(free_ports(1)[0])


def test_something_that_hangs_up_does_not_serve() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(1) as pool:
        other.settimeout(5)
        answer = pool.submit(serves, other.getsockname()[1])
        other.accept()[0].close()
        assert answer.result() is False
