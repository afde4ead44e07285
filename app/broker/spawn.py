"""Starting the broker's JVM so that it never outlives this process."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

CHILD: Final = str(Path(__file__).with_name("child.py"))

_SPAWNER: Final = ThreadPoolExecutor(1, thread_name_prefix="broker-spawner")
"""The kernel's death signal follows the *thread* that forked, so all forks come from one that lives as long as we."""


def spawn(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a program in its own session (Ctrl-C does not reach it); its output is appended to `log`."""
    return _SPAWNER.submit(_spawn, command, log, env).result()


def _spawn(command: Sequence[str], log: Path, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", CHILD, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=env,
        )
