"""A contender's processes are measured, and none is left behind."""

import sys
from pathlib import Path

import psutil
import pytest

from tests.bench.group import Failed, started

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
print("ready", flush=True)
time.sleep(60)
"""


def test_the_whole_group_ends(tmp_path: Path) -> None:
    with started([sys.executable, "-c", PARENT], tmp_path / "log") as group:
        group.wait_ready()
        child = int(group.said()[0])
        cpu, resident = group.usage()
        assert psutil.pid_exists(child)
        assert cpu > 0
        assert resident > psutil.Process(child).memory_info().rss
    assert not psutil.pid_exists(group.process.pid)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_one_that_ends_early_is_failed_with_its_last_words(tmp_path: Path) -> None:
    with (
        started([sys.executable, "-c", "import sys; sys.exit('no such topic')"], tmp_path / "log") as group,
        pytest.raises(Failed, match="ended with code 1: no such topic"),
    ):
        group.wait_ready()
