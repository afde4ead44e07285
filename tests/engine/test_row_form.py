"""Rows carry the version of their form: those of older versions are read, those of newer ones refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.errors import FormatUnknown
from app.engine.rows import Family
from tests.engine.fake_log import Broker, recover, run_of
from tests.engine.test_partition import WORDS, counts, log_of, model
from tests.engine.toy import Count, Word, WordCounter


class Turned(msgspec.Struct, array_like=True):
    """What the second version writes: the fields of a count the other way round."""

    offset: int
    times: int


class Shouted(msgspec.Struct):
    """What the third version writes: a map, with one field more."""

    offset: int
    times: int
    shouts: int = 0


class Second(WordCounter):
    """The machine, one version later."""

    row_type = Turned
    version = 2
    older = {1: lambda fields: Turned(fields[1], fields[0])}  # noqa: RUF012


class Third(WordCounter):
    """The machine, two versions later."""

    row_type = Shouted
    version = 3
    older = {1: lambda fields: Shouted(fields[1], fields[0]), 2: lambda fields: Shouted(*fields)}  # noqa: RUF012


VERSIONS = (WordCounter, Second, Third)


async def count_on(broker: Broker, counter: type[WordCounter], log: list[Word], upto: int) -> WordCounter:
    """Take over with that version, and fold the log to that offset."""
    partition, machine = recover(broker, counter=counter)
    if partition.position < upto:
        await partition.fold(run_of(log[partition.position : upto]))
    await partition.freeze()
    return machine


def rows_of(broker: Broker) -> dict[bytes, bytes | None]:
    """The newest row of each word."""
    return {key: value for key, value in broker.changelog if key.startswith(b"w")}


@pytest.mark.asyncio
async def test_rows_of_the_version_before_are_read_and_written_anew_when_they_change() -> None:
    broker, log = Broker(), log_of([b"a", b"b", b"a"])
    await count_on(broker, WordCounter, log, 2)
    assert rows_of(broker) == {b"wa ": b"\x92\x01\x00", b"wb ": b"\x92\x01\x01"}, "version 1 has no head"
    machine = await count_on(broker, Second, log, 3)
    assert rows_of(broker) == {b"wa ": b"\xc1\x02\x92\x02\x02", b"wb ": b"\x92\x01\x01"}, "b stays as it was written"
    assert counts(machine) == counts(recover(broker, counter=Second)[1]) == {"a": (2, 2), "b": (1, 1)}


@pytest.mark.asyncio
@given(values=WORDS, shares=st.lists(st.integers(0, 40), min_size=2, max_size=2))
@settings(deadline=None)
async def test_a_changelog_of_all_versions_gives_the_state_of_one(values: list[bytes], shares: list[int]) -> None:
    broker, log = Broker(), log_of(values)
    for counter, upto in zip(VERSIONS, [*sorted(shares), len(log)], strict=True):
        machine = await count_on(broker, counter, log, min(upto, len(log)))
    assert counts(machine) == counts(recover(broker, counter=Third)[1]) == model(values)


@pytest.mark.asyncio
@pytest.mark.parametrize(("older", "known"), [(WordCounter, 1), (Second, 2)])
async def test_rows_of_a_newer_version_are_refused_by_name_and_nothing_is_written(
    older: type[WordCounter], known: int
) -> None:
    broker, log = Broker(), log_of([b"a", b"b"])
    await count_on(broker, older, log, 1)
    await count_on(broker, Third, log, 2)
    before = list(broker.changelog)
    says = f"kind 'w' in version 3, the newest known here is {known}; run the version that wrote it, or a newer one"
    with pytest.raises(FormatUnknown, match=says):
        recover(broker, counter=older)
    assert broker.changelog == before


@pytest.mark.parametrize("value", [b"", b"\x07", b"\xc1", b"\xc1\x02", b"\xc1\x02\x92\x01", b"\x92\x01\x01\x01"])
def test_a_row_that_is_none_of_any_version_is_refused(value: bytes) -> None:
    with pytest.raises(FormatUnknown, match=r"cannot read \(b'wa '"):
        recover(Broker([(b"wa ", value)]), counter=Second)


@pytest.mark.parametrize(("version", "older"), [(0, {}), (1, {1: Count}), (2, {}), (3, {2: Count})])
def test_a_family_that_does_not_read_every_version_before_its_own_is_no_family(
    version: int, older: dict[int, Any]
) -> None:
    with pytest.raises(ValueError, match=f"'w' of version {version} has to read all versions before it"):
        Family("w", Count, version=version, older=older)
