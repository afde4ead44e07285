import pytest

from agents.domain.rules import DAY_MS, HOUR_MS, MINUTE_MS
from schemas.board import Window
from tests.builders import AT, STREAM, SimpleRecord, gift, record
from tests.domain.harness import Partition

GAP = ["0:1-99"]


@pytest.fixture
def partition() -> Partition:
    """A partition that has counted one gift, lost ninety-nine records, and goes on five minutes later."""
    partition = Partition()
    partition.feed(gift())
    partition.flush()
    partition.fold.lost(1, 100)
    return partition


def incomplete(partition: Partition, key: str) -> object:
    totals, gifters = partition.totals(key), partition.gifters(key)
    assert totals.incomplete == gifters.incomplete
    return totals.incomplete


def test_the_fold_goes_on_behind_the_gap(partition: Partition) -> None:
    partition.feed(gift(at=AT + 5_000))
    partition.flush()
    assert partition.fold.position == partition.progress().position == 101
    assert partition.fold.ledger.counted == 2


def test_boards_that_were_open_say_that_they_may_lack_gifts(partition: Partition) -> None:
    partition.feed(gift(at=AT + 5_000, region="DE"))
    partition.flush()
    for key in (f"{STREAM}|coin|1m|{AT}", f"{STREAM}|coin|1h|{AT}", f"{STREAM}|coin|stream|0"):
        assert incomplete(partition, key) == GAP
    for scope in ("global", "region:DE"):
        assert partition.partial(f"{scope}|coin|1m|{AT}").incomplete == GAP


@pytest.mark.parametrize(("start", "lacks"), [(AT + 5 * MINUTE_MS, True), (AT + 6 * MINUTE_MS, False)])
def test_a_window_lacks_none_when_it_began_after_any_that_was_lost(
    partition: Partition, start: int, lacks: bool
) -> None:
    partition.feed(gift(at=AT), gift(at=start))
    partition.flush()
    assert partition.totals(f"{STREAM}|coin|1m|{start}").window == Window("1m", start, start + MINUTE_MS)
    board = partition.published["totals", f"{STREAM}|coin|1m|{start}"]
    assert (b"incomplete" in board) is lacks


@pytest.mark.parametrize(("later", "lacks"), [(8 * DAY_MS + 300_000, True), (8 * DAY_MS + 300_001, False)])
def test_a_stream_may_have_been_there_before_until_its_retention_is_over(
    partition: Partition, later: int, lacks: bool
) -> None:
    partition.feed(gift(stream="tiktok:s3"), gift(at=AT + later, stream="tiktok:s2"))
    partition.flush()
    assert (b"incomplete" in partition.published["totals", "tiktok:s2|coin|stream|0"]) is lacks


def test_a_gap_is_remembered_after_a_crash(partition: Partition) -> None:
    partition.flush()
    partition.crash()
    partition.feed_records([record(100, gift(at=AT + HOUR_MS))])
    partition.flush()
    partition.crash()
    partition.feed_records([record(101, gift(at=AT + HOUR_MS - 1), timestamp=AT + HOUR_MS)])
    partition.settle()
    assert incomplete(partition, f"{STREAM}|coin|1h|{AT}") == GAP
    assert partition.fold.position == 102


def test_the_first_record_after_a_gap_bounds_it_even_if_it_is_bad(partition: Partition) -> None:
    partition.feed_records([SimpleRecord(100, AT, b"x", None), record(101, gift(at=AT + HOUR_MS))])
    partition.flush()
    assert b"incomplete" not in partition.published["totals", f"{STREAM}|coin|1h|{AT + HOUR_MS}"]


def test_a_partition_that_begins_behind_offset_0_starts_there() -> None:
    partition = Partition()
    partition.fold.restore(700)
    assert partition.fold.position == partition.fold.mark() == 700
