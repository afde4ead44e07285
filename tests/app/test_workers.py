"""Several workers as one command: they begin, stop and end together. Each case is a process of its own, which forks."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from app.settings import Settings
from app.workers import _each

SECONDS = 20


class Command:
    """A command that is several workers; `workers` has the pid of each by its port, once it listens to signals."""

    def __init__(self, process: "subprocess.Popen[str]", workers: int) -> None:
        self.process = process
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in range(workers)]
        self.workers = {int(port): int(pid) for pid, port in lines}

    def ended(self) -> int:
        """Return its exit code, when it has ended by itself and nothing of it is left."""
        code = self.process.wait(SECONDS)
        assert not any(psutil.pid_exists(pid) for pid in self.workers.values())
        return code

    def said(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


def begun(workers: int, codes: dict[int, int]) -> "subprocess.Popen[str]":
    """Return a command that may have no workers yet."""
    given = json.dumps({"workers": workers, "http_port": 7000}), json.dumps(codes)
    arguments = [sys.executable, "-m", "tests.app.idle_workers", *given]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def command(workers: int, codes: dict[int, int] | None = None) -> Iterator[Command]:
    """Yield a running one, whose workers end with these codes, by port, when they are stopped."""
    with begun(workers, codes or {}) as process:
        try:
            yield Command(process, workers)
        finally:
            process.kill()


def test_each_is_a_process_with_a_port_that_follows_on_the_first_one_s() -> None:
    with command(3) as one:
        assert set(one.workers) == {7000, 7001, 7002}
        assert len({*one.workers.values(), one.process.pid}) == 4
        one.process.terminate()
        assert one.ended() == 0


def test_a_single_worker_is_the_process_itself() -> None:
    with command(1) as one:
        assert one.workers == {7000: one.process.pid}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_all_end_in_order_and_nothing_is_said_of_it(number: signal.Signals) -> None:
    with command(2) as one:
        one.process.send_signal(number)
        assert one.ended() == 0
        assert one.said() == ""


def test_ctrl_c_which_a_terminal_sends_to_all_is_no_other_than_to_stop() -> None:
    with command(2) as one:
        for pid in (*one.workers.values(), one.process.pid):
            os.kill(pid, signal.SIGINT)
        assert one.ended() == 0


def test_when_one_ends_the_others_are_stopped_and_its_exit_code_is_the_command_s() -> None:
    with command(3, codes={7001: 3}) as one:
        os.kill(one.workers[7001], signal.SIGTERM)
        assert one.ended() == 3
        assert "a worker has ended; the others are stopped" in (said := one.said())
        assert "worker=2" in said
        assert "exit_code=3" in said


def test_one_that_was_killed_is_told_by_the_exit_code_as_a_shell_does() -> None:
    with command(2) as one:
        os.kill(one.workers[7000], signal.SIGKILL)
        assert one.ended() == 128 + signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
def test_when_the_command_itself_is_killed_its_workers_stop() -> None:
    with command(2) as one:
        workers = [psutil.Process(pid) for pid in one.workers.values()]
        one.process.kill()
        _, alive = psutil.wait_procs(workers, SECONDS)
        assert not alive


def test_one_that_ends_is_not_disturbed_by_being_told_again() -> None:
    with command(2, codes={7000: 3, 7001: 3}) as one:
        for _ in range(50):
            one.process.terminate()
        assert one.ended() == 3
        assert one.said() == ""


def test_where_a_free_port_is_taken_each_takes_one() -> None:
    assert [one.http_port for one, _ in _each(Settings(workers=2, http_port=0))] == [0, 0]


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_told_to_stop_while_it_begins_it_ends_without_a_word(seconds: float) -> None:
    with begun(2, {}) as process:
        time.sleep(seconds)
        process.terminate()
        _, said = process.communicate(timeout=SECONDS)
    assert said == ""
