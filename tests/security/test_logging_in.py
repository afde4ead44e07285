"""Who is not let in by Kafka is told why; and no secret is told to anybody."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.broker.probe import free_ports
from app.connection import client_options
from app.errors import BrokerUnreachable
from app.settings import PREFIX, Settings
from app.wait import wait_for_broker
from tests.integration.waiting import until
from tests.integration.worker_process import WorkerProcess
from tests.security.certificates import Authority
from tests.security.locked_broker import LockedBroker

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("farewell")]

WRONG = "wrong-S3cret"


async def refusal(**settings: Any) -> str:
    """Return why a client with these settings is not served."""
    with pytest.raises(BrokerUnreachable) as refused:
        await wait_for_broker(client_options(Settings(**settings)), on_wait=print, max_seconds=0)
    return str(refused.value)


async def test_a_wrong_password_is_said_to_be_wrong_and_is_not_shown(locked: LockedBroker) -> None:
    said = await refusal(**locked.login("worker", WRONG))
    assert said.startswith(f"Kafka at {locked.by_login} does not let us in")
    assert "invalid credentials" in said
    assert said.endswith("Look at GIFTSTREAM_SASL_* and GIFTSTREAM_SSL_*")
    assert WRONG not in said


async def test_a_broker_whose_certificate_somebody_else_has_signed_is_not_trusted(
    locked: LockedBroker, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other").certificate
    assert "certificate verify failed" in await refusal(**locked.login("worker") | {"ssl_cafile": other})


async def test_a_broker_at_another_name_than_its_certificate_says_is_not_trusted(locked: LockedBroker) -> None:
    elsewhere = locked.by_login.replace("127.0.0.1", "localhost")
    assert "Hostname mismatch" in await refusal(**locked.login("worker") | {"broker": elsewhere})


async def test_without_a_certificate_nobody_comes_by_tls(locked: LockedBroker) -> None:
    assert locked.by_tls in await refusal(
        broker=locked.by_tls, security_protocol="SSL", ssl_cafile=locked.authority.certificate
    )


async def test_a_key_may_have_a_password(locked: LockedBroker) -> None:
    pair = locked.authority.sign("sealed", password=b"key-S3cret")
    files: dict[str, Any] = {
        "ssl_cafile": locked.authority.certificate,
        "ssl_certfile": pair.certificate,
        "ssl_keyfile": pair.key,
    }
    settings = Settings(
        broker=locked.by_tls, security_protocol="SSL", ssl_key_password=SecretStr("key-S3cret"), **files
    )
    await wait_for_broker(client_options(settings), on_wait=print, max_seconds=0)


@pytest.mark.parametrize(
    "command", [["topics", "check"], ["top"], ["produce", "-"], ["audit"]], ids=lambda words: " ".join(words)
)
async def test_a_command_that_is_not_let_in_says_so_without_the_password(
    locked: LockedBroker, command: Sequence[str]
) -> None:
    login = {f"{PREFIX}{name.upper()}": str(value) for name, value in locked.login("worker", WRONG).items()}
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "app.cli", *command],
        env=os.environ | login,
        capture_output=True,
        text=True,
        input="",
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert "invalid credentials" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert WRONG not in ended.stdout + ended.stderr


async def test_a_worker_that_is_not_let_in_waits_and_says_why(locked: LockedBroker, tmp_path: Path) -> None:
    settings = Settings(**locked.login("worker", WRONG), http_port=free_ports(1)[0])
    worker = WorkerProcess(settings, tmp_path / "log", environment={f"{PREFIX}SASL_PASSWORD": WRONG})
    try:

        async def waits() -> bool:
            worker.check_alive()
            return "does not let us in" in worker.said and "trying again" in worker.said

        await until(waits, "the worker says that it is not let in")
        assert await worker.status("readyz") == 503
        told = worker.said + await worker.body("readyz") + await worker.body("metrics")
        assert WRONG not in told
        assert await worker.stop() == 0
    finally:
        worker.end()
