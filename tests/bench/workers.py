"""Several workers of one app as one command: `python -m tests.bench.workers COUNT`, configured by the environment.

The first serves HTTP where it is told to. Says `ready` once any of them is; when one ends, all do.
"""

import os
import signal
import subprocess
import sys
import time
from typing import Final

from app.broker.probe import free_ports
from app.settings import PREFIX
from tests.bench.gift_worker import is_ready
from tests.bench.group import READY

PORT: Final = f"{PREFIX}HTTP_PORT"
BETWEEN_LOOKS: Final = 0.02


def main(count: int) -> int:
    """Run them until one ends, or until told to stop; return the worst of their exit codes."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # all of the group are told: wait for them
    ports = [int(os.environ[PORT]), *free_ports(count - 1)]
    command = [sys.executable, "-m", "app.cli", "worker"]
    workers = [subprocess.Popen(command, env=os.environ | {PORT: str(port)}) for port in ports]
    while _alive(workers) and not any(map(is_ready, ports)):
        time.sleep(BETWEEN_LOOKS)
    if _alive(workers):
        print(READY, flush=True)
    while _alive(workers):
        time.sleep(BETWEEN_LOOKS)
    for worker in workers:
        worker.terminate()
    return max(abs(worker.wait()) for worker in workers)


def _alive(workers: "list[subprocess.Popen[bytes]]") -> bool:
    return all(worker.poll() is None for worker in workers)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
