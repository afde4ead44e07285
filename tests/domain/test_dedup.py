from agents.domain.dedup import BLOCK, Seen
from app.engine.rows import Family

HORIZON = 600_000
AT = 1_000_000

Ids = Family[list[str | int]]


def seen() -> tuple[Seen, Ids]:
    family: Ids = Family("i", list[str | int])
    return Seen(family, HORIZON), family


def blocks(family: Ids) -> dict[str, list[str | int]]:
    return {block: row for block, _, row in family}


def test_an_id_is_remembered_until_the_watermark_is_more_than_the_horizon_ahead() -> None:
    ids, _ = seen()
    ids.remember("s", "e", AT, 0)
    assert ids.remembered("s", "e", AT + HORIZON)
    assert not ids.remembered("s", "e", AT + HORIZON + 1)


def test_ids_are_told_apart_by_stream() -> None:
    ids, _ = seen()
    ids.remember("s", "e", AT, 0)
    assert not ids.remembered("t", "e", AT)
    assert not ids.remembered("s", "f", AT)


def test_the_ids_of_a_block_of_offsets_share_a_row_however_often_it_is_cut() -> None:
    ids, family = seen()
    for offset in (0, 1, BLOCK - 1, BLOCK, 3 * BLOCK):
        ids.remember("s", f"e{offset}", AT + offset, offset)
        ids.cut()
    assert blocks(family) == {
        "0": ["s", "e0", AT, "s", "e1", AT + 1, "s", f"e{BLOCK - 1}", AT + BLOCK - 1],
        "1": ["s", f"e{BLOCK}", AT + BLOCK],
        "3": ["s", f"e{3 * BLOCK}", AT + 3 * BLOCK],
    }


def test_a_row_is_a_change_again_after_each_cut() -> None:
    ids, family = seen()
    ids.remember("s", "e", AT, 0)
    assert set(family.changed) == {"0"}
    family.changed.clear()
    ids.cut()
    ids.remember("s", "f", AT, 1)
    assert set(family.changed) == {"0"}


def test_a_block_is_deleted_when_its_last_id_is_forgotten_and_one_at_a_time() -> None:
    ids, family = seen()
    ids.remember("s", "late", AT + 9, 0)
    ids.remember("s", "early", AT, 1)
    ids.remember("s", "next", AT + 9, BLOCK)
    ids.forget(AT + 9 + HORIZON)
    assert set(blocks(family)) == {"0", "1"}
    ids.forget(AT + 10 + HORIZON)
    assert set(blocks(family)) == {"1"}
    ids.forget(AT + 10 + HORIZON)
    ids.forget(AT + 10 + HORIZON)
    assert not blocks(family)


def test_a_block_that_was_deleted_while_it_grew_begins_anew() -> None:
    ids, family = seen()
    ids.remember("s", "e", AT, 0)
    ids.forget(AT + HORIZON + 1)
    ids.remember("s", "f", AT + HORIZON + 1, 1)
    assert blocks(family) == {"0": ["s", "f", AT + HORIZON + 1]}
    ids.forget(AT + 2 * HORIZON + 2)
    assert not blocks(family)


def test_an_id_that_comes_again_after_being_forgotten_is_remembered_anew() -> None:
    ids, family = seen()
    ids.remember("s", "e", AT, 0)
    ids.remember("s", "e", AT + HORIZON + 1, BLOCK)
    ids.forget(AT + HORIZON + 2)
    assert set(blocks(family)) == {"1"}
    assert ids.remembered("s", "e", AT + HORIZON + 2)


def test_restored_ids_are_remembered_and_the_oldest_block_goes_first() -> None:
    _, family = seen()
    family.load("10", "", ["s", "new", AT + 5])
    family.load("9", "", ["s", "old", AT, "s", "new", AT - HORIZON])
    ids = Seen(family, HORIZON)
    ids.restore()
    assert ids.remembered("s", "old", AT)
    ids.forget(AT + HORIZON + 1)
    assert set(blocks(family)) == {"10"}
    assert ids.remembered("s", "new", AT + HORIZON + 5)
    ids.remember("s", "more", AT + 6, 641)
    assert ids.held == 2
    assert family.get("10") == ["s", "new", AT + 5, "s", "more", AT + 6]
