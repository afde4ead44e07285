"""Workers that do nothing until they are stopped: `python -m tests.app.idle_workers SETTINGS CODES`, both JSON.

Each prints its pid and port once it listens to signals, and ends with the exit code that CODES has for its port, or 0.
"""

import asyncio
import json
import os
import sys

from app.logs import configure_logs
from app.settings import Settings
from app.stop_signal import stop_listening, stop_signal
from app.workers import run_workers


async def idle(port: int) -> None:
    stopping = stop_signal()
    os.write(1, f"{os.getpid()} {port}\n".encode())
    await stopping
    stop_listening()


def run(settings: Settings) -> int:
    asyncio.run(idle(settings.http_port))
    return int(CODES.get(str(settings.http_port), 0))


if __name__ == "__main__":
    CODES = json.loads(sys.argv[2])
    configure_logs("console")
    sys.exit(run_workers(Settings(**json.loads(sys.argv[1])), run))
