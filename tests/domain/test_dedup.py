from agents.domain.dedup import Seen
from app.engine.rows import Family

HORIZON = 600_000
AT = 1_000_000


def seen() -> tuple[Seen, Family[int]]:
    family = Family("i", int)
    return Seen(family, HORIZON), family


def test_an_id_is_remembered_until_the_watermark_is_more_than_the_horizon_ahead() -> None:
    ids, _ = seen()
    ids.remember("s", "e", AT)
    assert ids.remembered("s", "e", AT + HORIZON)
    assert not ids.remembered("s", "e", AT + HORIZON + 1)


def test_ids_are_told_apart_by_stream() -> None:
    ids, _ = seen()
    ids.remember("s", "e", AT)
    assert not ids.remembered("t", "e", AT)
    assert not ids.remembered("s", "f", AT)


def test_deleting_is_bounded_and_takes_only_what_is_forgotten() -> None:
    ids, family = seen()
    for n in range(5):
        ids.remember("s", f"e{n}", AT + n)
    ids.forget(AT + HORIZON + 3, 2)
    assert [member for _, member, _ in family] == ["e2", "e3", "e4"]
    ids.forget(AT + HORIZON + 3, 2)
    assert [member for _, member, _ in family] == ["e3", "e4"]


def test_an_id_that_comes_again_after_being_forgotten_is_remembered_anew() -> None:
    ids, family = seen()
    ids.remember("s", "e", AT)
    ids.remember("s", "e", AT + HORIZON + 1)
    ids.forget(AT + HORIZON + 2, 9)
    assert ids.remembered("s", "e", AT + HORIZON + 2)
    ids.forget(AT + 2 * HORIZON + 2, 9)
    assert len(family) == 0


def test_a_restored_queue_forgets_the_oldest_first() -> None:
    _, family = seen()
    family.load("s", "new", AT + 5)
    family.load("s", "old", AT)
    ids = Seen(family, HORIZON)
    ids.restore()
    ids.forget(AT + HORIZON + 1, 9)
    assert [member for _, member, _ in family] == ["new"]
