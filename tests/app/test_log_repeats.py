"""Libraries that say the same again and again are heard once in a while."""

import logging

from app.log_repeats import EVERY_SECONDS, KEPT, Repeats


class Heard:
    """What a filter lets through, at a time that is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self._filter = Repeats(["aiokafka"], lambda: self.now)

    def __call__(self, name: str, text: str, *figures: object) -> str | None:
        record = logging.LogRecord(name, logging.ERROR, "", 0, text, figures, None)
        return record.getMessage() if self._filter.filter(record) else None


def test_the_same_message_comes_through_once_in_a_while_and_says_how_often_it_was_meant() -> None:
    heard = Heard()
    assert heard("aiokafka.client", "no node %s", 1) == "no node 1"
    assert [heard("aiokafka.client", "no node %s", node) for node in (1, 2, 3)] == [None] * 3
    heard.now = EVERY_SECONDS
    assert heard("aiokafka.client", "no node %s", 4) == "no node 4 (and 3 times more before)"
    heard.now = 2 * EVERY_SECONDS
    assert heard("aiokafka.client", "no node %s", 5) == "no node 5"


def test_other_messages_and_other_clients_are_heard_beside_it() -> None:
    heard = Heard()
    assert heard("aiokafka.client", "no node") == "no node"
    assert heard("aiokafka.client", "no topic") == "no topic"
    assert heard("aiokafka.conn", "no node") == "no node"


def test_ours_are_always_heard() -> None:
    heard = Heard()
    assert [heard("app.worker", "waiting") for _ in range(3)] == ["waiting"] * 3


def test_messages_that_are_never_the_same_take_no_room_without_end() -> None:
    heard = Heard()
    for number in range(2 * KEPT):
        assert heard("aiokafka", f"{number}") is not None
    assert len(heard._filter._told) <= KEPT
