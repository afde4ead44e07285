"""A partition that was given up leaves no memory behind that only the garbage collector would find."""

import gc

import pytest

from agents.domain.board import Board
from agents.domain.book import Book
from tests.builders import gift
from tests.domain.harness import Partition

pytestmark = pytest.mark.usefixtures("without_collector")


def alive() -> int:
    return sum(isinstance(one, Board | Book) for one in gc.get_objects())


def test_what_was_released_is_gone_without_a_look_through_the_state() -> None:
    before = alive()
    partition = Partition()
    partition.feed(*(gift(f"tiktok:s{n % 50}", f"u{n}", region="DE") for n in range(500)))
    partition.flush()
    assert alive() > before + 200
    partition.fold.release()
    del partition
    assert alive() == before
