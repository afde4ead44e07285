"""The thread that fetches does not wait for the one that counts longer than a fraction of a flush."""

import sys

from app.engine import threads


def test_threads_take_turns_often() -> None:
    before = sys.getswitchinterval()
    try:
        threads.share()
        assert sys.getswitchinterval() <= 0.001
    finally:
        sys.setswitchinterval(before)
