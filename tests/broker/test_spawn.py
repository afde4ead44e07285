"""A child never outlives its parent, and lives as long as the parent does."""

import sys
import threading
from pathlib import Path

from app.broker.spawn import spawn

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    child = spawn([sys.executable, "-c", "print('hello')"], tmp_path / "log")
    assert child.wait(30) == 0
    assert (tmp_path / "log").read_text() == "hello\n"


def test_the_child_survives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    started = []
    thread = threading.Thread(target=lambda: started.append(spawn(SLEEP, tmp_path / "log")))
    thread.start()
    thread.join()
    child = started[0]
    try:
        while "up" not in (tmp_path / "log").read_text():
            assert child.poll() is None
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()
