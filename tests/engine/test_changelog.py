"""Rows go out as a record batch and come back as they were."""

import msgspec
import pytest

from app.engine.changelog import FENCE_KEY, REPLACED_KEY, RowLoader, changed_rows
from app.engine.commit import COMMIT_KEY, FORMAT, Commit, commit_row, record_hash
from app.engine.errors import FormatUnknown, Replaced
from app.engine.rows import Family, Pressure
from tests.engine.toy import Count, Word

COMMIT = Commit(FORMAT, 7, 6, b"hash", 5, 4, "rules")


def loaded(rows: list[tuple[bytes, bytes | None]]) -> tuple[Family[Count], RowLoader]:
    family: Family[Count] = Family("w", Count)
    loader = RowLoader([family])
    loader.load(rows)
    return family, loader


def test_what_changed_is_written_once_and_read_back() -> None:
    family: Family[Count] = Family("w", Count)
    family.put("group", "one", Count(1, 1))
    family.put("group", "one", Count(2, 2))
    family.put("group", "two", Count(3, 3))
    rows = list(changed_rows([family]))
    assert len(rows) == 2
    assert list(changed_rows([family])) == []
    assert sorted(loaded(rows)[0]) == [("group", "one", Count(2, 2)), ("group", "two", Count(3, 3))]


def test_a_state_that_was_replaced_is_not_read() -> None:
    with pytest.raises(Replaced, match="replaced by that of giftstream-2; set GIFTSTREAM_APP_ID=giftstream-2"):
        loaded([(REPLACED_KEY, b"giftstream-2")])


def test_a_deleted_row_is_a_tombstone() -> None:
    family: Family[Count] = Family("w", Count)
    family.put("group", "", Count(1, 1))
    rows = list(changed_rows([family]))
    family.delete("group")
    assert list(changed_rows([family])) == [(b"wgroup ", None)]
    assert list(loaded([*rows, (b"wgroup ", None)])[0]) == []


def test_a_dropped_group_is_a_tombstone_a_member() -> None:
    family: Family[Count] = Family("w", Count)
    for member in "abc":
        family.put("group", member, Count(1, 1))
    changed_rows([family])
    family.drop("group")
    assert sorted(changed_rows([family])) == [(b"wgroup a", None), (b"wgroup b", None), (b"wgroup c", None)]
    assert len(family) == 0


def test_the_newest_commit_row_counts_and_fences_are_no_rows() -> None:
    _, loader = loaded([commit_row(COMMIT), (FENCE_KEY, b"app-0")])
    assert loader.commit == COMMIT
    assert loader.rows == 0


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (FORMAT - 1, f"format {FORMAT - 1}, this version reads {FORMAT}; .* another app id"),
        (FORMAT + 1, f"format {FORMAT + 1}, the newest known here is {FORMAT}; run the version that wrote it"),
    ],
)
def test_a_commit_of_another_format_is_refused(other: int, says: str) -> None:
    row = msgspec.msgpack.encode([other, "whatever it says"])
    with pytest.raises(FormatUnknown, match=says):
        loaded([(COMMIT_KEY, row)])


@pytest.mark.parametrize("row", [["text"], 7, {}, []])
def test_a_row_that_cannot_be_read_is_refused(row: object) -> None:
    with pytest.raises(FormatUnknown, match=r"cannot read \(b'wgroup a'"):
        loaded([(b"wgroup a", msgspec.msgpack.encode(row))])


def test_rows_of_an_unknown_family_are_refused() -> None:
    with pytest.raises(FormatUnknown, match="kind 'x'"):
        loaded([(b"xgroup ", b"")])


def test_rows_that_a_hot_path_changes_itself_are_written_as_those_that_were_put() -> None:
    family: Family[Count] = Family("w", Count)
    family.put("group", "kept", Count(1, 1))
    family.put("group", "replaced", Count(1, 1))
    put = list(changed_rows([family]))
    rows = family.groups["group"]
    rows["replaced"] = Count(2, 2)
    family.changed["group"] = ["kept", rows["kept"], "replaced", rows["replaced"]]
    assert list(changed_rows([family])) == [put[0], (put[1][0], family.form.encode(Count(2, 2)))]
    assert list(changed_rows([family])) == []


def test_of_a_member_that_changed_twice_the_later_row_counts() -> None:
    family: Family[Count] = Family("w", Count)
    family.put("group", "deleted", Count(1, 1))
    family.put("group", "back", Count(1, 1))
    family.delete("group", "deleted")
    family.delete("group", "back")
    family.put("group", "back", Count(2, 2))
    assert list(loaded(list(changed_rows([family])))[0]) == [("group", "back", Count(2, 2))]


def test_a_row_in_the_place_of_a_tombstone_is_counted() -> None:
    pressure = Pressure()
    family: Family[Count] = Family("w", Count, pressure)
    family.put("group", "", Count(1, 1), size=100)
    family.delete("group")
    family.put("group", "", Count(2, 2), size=1_000)
    assert pressure.bytes >= 1_000


def test_pressure_counts_each_changed_row_once() -> None:
    pressure = Pressure()
    family: Family[Count] = Family("w", Count, pressure)
    family.put("group", "", Count(1, 1), size=100)
    family.put("group", "", Count(2, 2), size=100)
    assert pressure.bytes == 100


@pytest.mark.parametrize(
    "other",
    [
        Word(0, b"v", b"other"),
        Word(0, b"other", b"k"),
        Word(0, b"v", b"k", timestamp=1),
        Word(0, None, b"k"),
        Word(0, b"v"),
    ],
)
def test_a_record_hash_tells_key_value_and_append_time(other: Word) -> None:
    assert record_hash(other) != record_hash(Word(0, b"v", b"k"))
