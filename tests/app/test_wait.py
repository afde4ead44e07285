"""Waiting for a broker: patient, audible, and not for ever if told so."""

import itertools
import socket

import pytest

from app.errors import BrokerUnreachable
from app.wait import pauses, wait_for_broker


def test_pauses_double_up_to_half_a_minute() -> None:
    assert list(itertools.islice(pauses(), 7)) == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.asyncio
async def test_it_says_what_it_waits_for_and_gives_up_when_told() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        told: list[str] = []
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        with pytest.raises(BrokerUnreachable, match="GIFTSTREAM_BROKER"):
            await wait_for_broker({"bootstrap_servers": [address]}, on_wait=told.append, max_seconds=7, sleep=sleep)
    assert slept == [1, 2, 4]
    assert [line.rpartition("; ")[2] for line in told] == [f"trying again in {s} s" for s in (1, 2, 4)]
    assert all(address in line for line in told)
