"""A contender's process group: started, waited for, measured, and always ended."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from app.broker.spawn import spawn

READY: Final = "ready"
READY_SECONDS: Final = 90.0
END_SECONDS: Final = 10.0


class Failed(Exception):
    """A contender did not do its job; the message says why, in a line."""


class Group:
    """The processes that a command started."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log
        self._cpu: dict[int, float] = {}

    def check(self) -> None:
        """Raise Failed, with its last words, if it has ended."""
        if self.process.poll() is not None:
            raise Failed(f"ended with code {self.process.returncode}: {self.last_words()}")

    def last_words(self) -> str:
        """Return the last line it wrote."""
        lines = [line for line in self.said() if line.strip() and line != READY]
        return lines[-1].strip()[:200] if lines else "it said nothing"

    def said(self) -> list[str]:
        """Return the lines it wrote."""
        return self.log.read_text("utf-8", "replace").splitlines()

    def wait_ready(self, seconds: float = READY_SECONDS) -> float:
        """Return the time at which it said that it is ready. Raises Failed."""
        deadline = time.monotonic() + seconds
        while READY not in self.said():
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"not ready after {seconds:.0f} s: {self.last_words()}")
            time.sleep(0.02)
        return time.time()

    def usage(self) -> tuple[float, int]:
        """Return the CPU seconds of its processes so far, ended ones included, and their bytes in memory."""
        resident = 0
        for process in self._members():
            try:
                with process.oneshot():
                    self._cpu[process.pid] = sum(process.cpu_times()[:2])
                    resident += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return sum(self._cpu.values()), resident

    def _members(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def end(self) -> None:
        """End all of it: in order, or after ten seconds by force."""
        members = self._members()
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._signal(signal.SIGKILL)
            self.process.wait()
            psutil.wait_procs(members, timeout=END_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


@contextmanager
def started(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Group]:
    """Yield the group of a command, and end it whatever happens."""
    group = Group(spawn(command, log, environment), log)
    try:
        yield group
    finally:
        group.end()
