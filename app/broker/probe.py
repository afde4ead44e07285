"""Questions to a port of this machine: is it free, and does a Kafka serve there?"""

import socket
import struct
from itertools import islice
from random import sample
from typing import Final

from app.broker.config import HOST

METADATA_V1_NO_TOPICS: Final = struct.pack(">hhihi", 3, 1, 0, -1, 0)
"""Kafka protocol: API key 3, version 1, correlation id 0, client id null, an empty list of topics."""


PORTS: Final = range(20_000, 32_768)
"""Below the ports that Linux and macOS give to outgoing connections: a client that retries while the broker is down
would otherwise, sooner or later, get the broker's port as its own and be connected to itself."""


def free_ports(count: int) -> list[int]:
    """Return different ports that are free now."""
    return list(islice(filter(is_free, sample(PORTS, len(PORTS))), count))


def free_row(count: int) -> int:
    """Return the first of so many ports in a row that are free now."""
    firsts = PORTS[: len(PORTS) - count + 1]
    return next(first for first in sample(firsts, len(firsts)) if all(map(is_free, range(first, first + count))))


def is_free(port: int) -> bool:
    """Return whether one could listen on this port."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def serves(port: int) -> bool:
    """Return whether a Kafka answers there and counts at least one broker as alive, so that topics can be created."""
    request = struct.pack(">i", len(METADATA_V1_NO_TOPICS)) + METADATA_V1_NO_TOPICS
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(request)
            head = connection.makefile("rb").read(12)
    except OSError:
        return False
    return len(head) == 12 and int(struct.unpack(">iii", head)[2]) > 0
