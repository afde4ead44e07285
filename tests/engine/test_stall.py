"""A process that stood still ends before it sends."""

import threading

import pytest

from app.engine.errors import Stalled
from app.engine.stall import StallWatch


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stopped() -> list[BaseException]:
    return []


def watch_on(clock: Clock, stopped: list[BaseException]) -> StallWatch:
    return StallWatch(3.0, stopped.append, clock)  # type: ignore[arg-type]


def test_a_gap_of_more_than_the_limit_is_a_stall(stopped: list[BaseException]) -> None:
    clock = Clock()
    watch = watch_on(clock, stopped)
    watch.start()
    clock.now = 2.9
    watch.look()
    clock.now = 6.0
    with pytest.raises(Stalled, match=r"stood still for 3\.1 s, at most 3\.0 s"):
        watch.check()
    watch.end()


def test_the_watch_stops_the_worker_by_itself(stopped: list[BaseException]) -> None:
    clock = Clock()
    ended = threading.Event()

    def stop(error: BaseException) -> None:
        stopped.append(error)
        ended.set()

    watch = StallWatch(0.1, stop, clock)  # type: ignore[arg-type]
    watch.start()
    clock.now = 10.0
    assert ended.wait(5)
    watch.end()
    assert isinstance(stopped[0], Stalled)


def test_before_the_start_and_after_the_end_nothing_is_judged(stopped: list[BaseException]) -> None:
    clock = Clock()
    watch = watch_on(clock, stopped)
    clock.now = 100.0
    watch.check()
