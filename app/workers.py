"""Several workers as one command: a process each, as a process of Python computes on one core."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Any, Final

import structlog

from app.broker.child import end_with
from app.settings import Settings
from app.stop_signal import STOPS

logger = structlog.get_logger(__name__)

ENDED_BY_SIGNAL: Final = 128
"""A shell adds this to the number of the signal that ended a program (POSIX, 2.8.2: more than 128)."""


def run_workers(settings: Settings, run: Callable[[Settings], int]) -> int:
    """Run `settings.workers` workers until SIGINT or SIGTERM; return the highest of their exit codes.

    `run` is a worker and returns its exit code. When one ends by itself the others are stopped in order: whoever
    starts a worker again after a fail-stop need not know that there are several. If this process is killed, the
    kernel tells them to stop (Linux).
    """
    if settings.workers == 1:
        return run(settings)
    fork = multiprocessing.get_context("fork")
    each = [fork.Process(target=_begin, args=(run, *one, os.getpid()), daemon=True) for one in _each(settings)]
    return _run(each)


def _each(settings: Settings) -> Iterator[tuple[Settings, int]]:
    """Yield the settings of each worker and its number, from 1: their ports follow on each other, 0 stays 0."""
    for number in range(settings.workers):
        port = settings.http_port and settings.http_port + number
        yield settings.model_copy(update={"http_port": port}), number + 1


def _begin(run: Callable[[Settings], int], settings: Settings, number: int, parent: int) -> None:
    """Be a worker. Ctrl-C, which a terminal sends to all, is left to the parent until the worker listens itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    end_with(parent, signal.SIGTERM)
    structlog.contextvars.bind_contextvars(worker=number)
    sys.exit(run(settings))


def _run(workers: list[ForkProcess]) -> int:
    told = False

    def stop(*_: int | FrameType | None) -> None:
        nonlocal told
        told = True
        for worker in workers:
            worker.terminate()

    with _blocked():
        for worker in workers:
            worker.start()
        for number in STOPS:
            signal.signal(number, stop)
    ended = wait([worker.sentinel for worker in workers])
    if not told:
        _tell(workers, ended)
        stop()
    for worker in workers:
        worker.join()
    return max(map(_exit_code, workers))


def _tell(workers: list[ForkProcess], ended: list[Any]) -> None:
    """Log who has ended untold, by the sentinels."""
    for number, worker in enumerate(workers, 1):
        if worker.sentinel in ended:
            worker.join()
            logger.error("a worker has ended; the others are stopped", worker=number, exit_code=_exit_code(worker))


def _exit_code(worker: ForkProcess) -> int:
    """Return the exit code of a worker that has ended; to be told to stop before it listens is an end in order."""
    code = worker.exitcode or 0
    if code == -signal.SIGTERM:
        return 0
    return code if code >= 0 else ENDED_BY_SIGNAL - code


@contextmanager
def _blocked() -> Iterator[None]:
    """Hold signals back, so that one meets either no worker or all of them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
