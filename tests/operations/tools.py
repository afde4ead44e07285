"""Prometheus and its promtool: those in the PATH, or those that `make test-ops` has put into .venv/prometheus/."""

import os
import shutil
import subprocess
from typing import Final

from tests.operations.queries import ROOT

FOLDER: Final = ROOT / ".venv" / "prometheus" / "usr" / "bin"
SECONDS: Final = 60


def tool(name: str) -> str:
    """Return the path of a program. Fails where it is missing: a test that skips proves nothing."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{FOLDER}")
    assert found is not None, f"{name} is missing: `make test-ops` fetches it, or install Debian's package prometheus"
    return found


def promtool(*arguments: str, given: bytes = b"") -> tuple[int, str]:
    """Run promtool; return its exit code and what it said."""
    done = subprocess.run(
        [tool("promtool"), *arguments],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=SECONDS,
    )
    return done.returncode, done.stdout.decode()
