"""Of what a replaced generation published, only what still stands is judged."""

from app.audit.history import History
from app.audit.published import Published
from schemas.replaced import NEVER_A_BOARD, replacement

BY = replacement("giftstream-2")


def history(*records: tuple[bytes, bytes | None], partition: int = 0) -> History:
    """Return a history after records of one partition; a tombstone of no board is a switch."""
    made = History()
    for offset, (key, value) in enumerate(records):
        made.add(key, Published(partition, offset, value), BY if value is None else ())
    return made


def values(made: History, key: str) -> list[bytes | None]:
    return [record.value for record in made.keys[key]]


def test_without_a_switch_all_is_judged() -> None:
    made = history((b"a", b"1"), (b"a", b"2"))
    made.add(NEVER_A_BOARD, Published(0, 2, None), ())
    assert values(made, "a") == [b"1", b"2"]


def test_what_was_not_published_anew_is_judged_by_its_newest_value() -> None:
    assert values(history((b"a", b"1"), (b"a", b"2"), (NEVER_A_BOARD, None)), "a") == [b"2"]


def test_what_was_published_anew_is_judged_from_there() -> None:
    made = history((b"a", b"1"), (NEVER_A_BOARD, None), (b"a", None), (b"a", b"0"), (b"a", b"3"))
    assert values(made, "a") == [None, b"0", b"3"]


def test_a_switch_is_that_of_its_partition() -> None:
    made = history((b"a", b"1"), (b"a", b"2"))
    made.add(NEVER_A_BOARD, Published(1, 0, None), BY)
    assert values(made, "a") == [b"1", b"2"]
