"""Batches are filled as aiokafka's own builder fills them: the same bytes, and the same count of records."""

from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from app.engine.errors import RunTooLarge
from app.engine.filling import MAX_BATCH_BYTES, OUTPUT_BATCH_BYTES, fill, filled
from tests.engine.toy import Published

NOW = 1_790_000_000_000
RECORDS = st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.none() | st.binary(max_size=99)), min_size=1)


def new_batch() -> BatchBuilder:
    return BatchBuilder(MAX_BATCH_BYTES, 0)


def by_aiokafka(records: Iterable[tuple[Any, ...]]) -> BatchBuilder:
    batch = new_batch()
    for key, value, *headers in records:
        assert batch.append(timestamp=NOW, key=key, value=value, headers=list(*headers)) is not None
    return batch


def told(batch: Any) -> tuple[int, bytes]:
    batch.close()
    return batch.record_count(), bytes(batch._build())


@given(RECORDS)
def test_rows_are_as_aiokafka_appends_them(rows: list[tuple[bytes, bytes | None]]) -> None:
    batch = new_batch()
    fill(batch, rows, NOW, "t[0]")
    assert told(batch) == told(by_aiokafka(rows))


@given(RECORDS)
def test_outputs_are_as_aiokafka_appends_them(records: list[tuple[bytes, bytes | None]]) -> None:
    headers = [("reason", b"not_json"), ("detail", b"")]
    outputs = [Published("t", 0, key, value, headers if value is None else ()) for key, value in records]
    [batch] = filled(new_batch, outputs, NOW)
    assert told(batch) == told(by_aiokafka((one.key, one.value, one.headers) for one in outputs))


def test_outputs_over_the_size_of_a_batch_go_into_several_in_order() -> None:
    value = b"x" * (OUTPUT_BATCH_BYTES // 2)
    outputs = [Published("t", 0, b"%d" % at, value[at:]) for at in range(5)]
    batches = filled(new_batch, outputs, NOW)
    assert [batch.record_count() for batch in batches] == [1, 2, 2]
    assert told(batches[1]) == told(by_aiokafka([(one.key, one.value) for one in outputs[1:3]]))


def test_an_output_larger_than_any_batch_goes_alone() -> None:
    sizes = [1, MAX_BATCH_BYTES + 1, 1]
    batches = filled(new_batch, [Published("t", 0, b"k", b"x" * size) for size in sizes], NOW)
    assert [batch.record_count() for batch in batches] == [1, 1, 1]


def test_no_outputs_need_no_batch() -> None:
    assert filled(new_batch, [], NOW) == []


def test_a_run_that_does_not_fit_stops_the_worker() -> None:
    with pytest.raises(RunTooLarge, match=r"a run of t\[3\] is over .* lower the flush interval"):
        fill(new_batch(), [(b"k", b"v"), (b"k", b"x" * MAX_BATCH_BYTES)], NOW, "t[3]")
