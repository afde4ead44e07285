"""Batches are what aiokafka's own builder makes of the same records: the same bytes, and the same count of records."""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import example, given
from hypothesis import strategies as st

from app.engine.errors import RunTooLarge
from app.engine.filling import MAX_BATCH_BYTES, OUTPUT_BATCH_BYTES, by_partition, filled, filled_with_rows
from app.engine.packed import PackedBatch
from app.engine.rows import Row, Rows
from tests.engine.toy import Published

NOW = 1_790_000_000_000
RECORDS = st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.none() | st.binary(max_size=99)), min_size=1)
LONG: list[Row] = [(b"k" * size, b"v" * size) for size in (29, 62, 63, 64, 8_188, 8_192, 1 << 20)]
"""Around the sizes from which on a varint takes a byte more."""


def new_batch() -> BatchBuilder:
    return BatchBuilder(MAX_BATCH_BYTES, DefaultRecordBatch.CODEC_ZSTD)


def of_rows(rows: list[Row]) -> Any:
    return filled_with_rows(Rows(rows), NOW, "t[3]")


def by_aiokafka(records: Iterable[tuple[Any, ...]]) -> BatchBuilder:
    batch = new_batch()
    for key, value, *headers in records:
        assert batch.append(timestamp=NOW, key=key, value=value, headers=list(*headers)) is not None
    return batch


def told(batch: Any, producer: tuple[int, int, int] = (-1, -1, -1)) -> tuple[int, bytes]:
    batch.close()
    assert batch.closed()
    batch._set_producer_state(*producer)
    return batch.record_count(), bytes(batch._build())


@given(RECORDS)
@example(LONG)
@example([(b"%d" % number, b"") for number in range(9_000)])
def test_rows_are_as_aiokafka_appends_them(rows: list[Row]) -> None:
    assert told(of_rows(rows)) == told(by_aiokafka(rows))


def test_the_producer_stands_in_the_batch() -> None:
    producer = 2**40, 2**14, 2**30
    assert told(of_rows(LONG), producer) == told(by_aiokafka(LONG), producer)


def test_a_batch_is_built_once_and_says_its_size_before_and_after() -> None:
    batch, same = of_rows(LONG), by_aiokafka(LONG)
    assert batch.size() == same.size()
    assert batch._build() is batch._build()
    assert batch.size() == len(same._build())


def test_compiled_code_packs_outputs_and_else_aiokafka_fills() -> None:
    compiled = find_spec("app.engine.pack") is not None
    kind = PackedBatch if compiled else BatchBuilder
    assert [type(batch) for batch in filled(new_batch, [Published("t", 0, b"k", b"v")], NOW)] == [kind]


@given(RECORDS)
@example(LONG)
def test_outputs_are_as_aiokafka_appends_them(records: list[Row]) -> None:
    headers = [("reason", b"not_json"), ("détail", b""), ("x" * 200, b"y" * 9_000), ("", None)]
    outputs = [
        Published("t", 0, key, value, headers if value is None else ())  # type: ignore[arg-type]
        for key, value in records
    ]
    [batch] = filled(new_batch, outputs, NOW)
    assert told(batch) == told(by_aiokafka((one.key, one.value, one.headers) for one in outputs))


def test_an_output_may_lack_a_key() -> None:
    [batch] = filled(new_batch, [Published("t", 0, None, b"v")], NOW)
    assert told(batch) == told(by_aiokafka([(None, b"v")]))


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
        of_rows([(b"k", b"v"), (b"k", b"x" * MAX_BATCH_BYTES)])


@pytest.mark.parametrize("less", [70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80])
def test_a_run_fits_if_aiokafka_takes_it(less: int) -> None:
    rows: list[Row] = [(b"k", b"v"), (b"k", b"x" * (MAX_BATCH_BYTES - less))]
    batch = new_batch()
    if all(batch.append(timestamp=NOW, key=key, value=value) for key, value in rows):
        assert of_rows(rows).record_count() == 2
    else:
        with pytest.raises(RunTooLarge):
            of_rows(rows)


def test_outputs_are_told_apart_by_topic_and_partition_and_stay_in_order() -> None:
    places = [("a", 0), ("a", 0), ("a", 1), ("b", 1), ("a", 0), ("b", 1), ("a", 2)]
    outputs = [Published(*place, b"%d" % at, b"") for at, place in enumerate(places)]
    groups = by_partition(outputs)
    assert groups == {
        place: [one for one in outputs if (one.topic, one.partition) == place] for place in dict.fromkeys(places)
    }


@pytest.mark.parametrize(
    "output",
    [
        Published("t", 0, "k", b"v"),  # type: ignore[arg-type]
        Published("t", 0, b"k", 5),  # type: ignore[arg-type]
        Published("t", 0, b"k", b"v", 5),  # type: ignore[arg-type]
        Published("t", 0, b"k", b"v", [("a",)]),  # type: ignore[list-item]
        Published("t", 0, b"k", b"v", [(b"a", b"b")]),  # type: ignore[list-item]
        Published("t", 0, b"k", b"v", [("a", 5)]),  # type: ignore[list-item]
        object(),
    ],
)
def test_what_is_no_output_is_refused(output: Any) -> None:
    with pytest.raises((TypeError, AttributeError, ValueError)):
        filled(new_batch, [Published("t", 0, b"k", b"v"), output], NOW)
