"""Contract tests: what the engine relies on inside Faust, mode and aiokafka is still as it was read."""

import inspect
from importlib.metadata import version

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.producer.sender import InitPIDHandler, Sender
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread


@pytest.mark.parametrize(
    ("package", "pinned"), [("faust-streaming", "0.15.3"), ("aiokafka", "0.14.0"), ("mode-streaming", "0.7.1")]
)
def test_the_versions_are_those_that_were_read(package: str, pinned: str) -> None:
    assert version(package) == pinned


def test_the_producer_id_request_takes_the_transactional_id_of_the_manager() -> None:
    request = inspect.getsource(InitPIDHandler.create_request)
    assert "txn_manager = self._sender._txn_manager" in request
    assert "transactional_id=txn_manager.transactional_id" in request
    assert "_maybe_wait_for_pid" in inspect.getsource(Sender.start)
    assert "_maybe_wait_for_pid" in inspect.getsource(Sender._sender_routine)


@pytest.mark.asyncio
async def test_the_producer_has_the_parts_that_the_fence_needs() -> None:
    producer = AIOKafkaProducer(enable_idempotence=True)
    assert producer._txn_manager.transactional_id is None
    assert hasattr(producer._txn_manager, "transaction_timeout_ms")
    assert inspect.iscoroutinefunction(producer._sender._maybe_wait_for_pid)
    producer._closed = True


def test_the_sender_does_what_sending_at_once_does_in_its_place() -> None:
    routine = " ".join(inspect.getsource(Sender._sender_routine).split())
    steps = (
        "self._message_accumulator.drain_by_nodes( ignore_nodes=self._in_flight, muted_partitions=muted_partitions, )",
        "for node_id, node_batches in batches.items(): "
        "task = create_task(self._send_produce_req(node_id, node_batches)) "
        "self._in_flight.add(node_id) for tp in node_batches: self._muted_partitions.add(tp)",
        "waiters.add(self._message_accumulator.waiter())",
    )
    assert all(step in routine for step in steps)
    request = inspect.getsource(Sender._send_produce_req)
    assert "self._in_flight.remove(node_id)" in request
    assert "self._muted_partitions.remove(tp)" in request


@pytest.mark.asyncio
async def test_the_consumer_has_the_parts_that_runs_need() -> None:
    consumer = AIOKafkaConsumer(isolation_level="read_committed", fetch_max_wait_ms=7)
    assert (consumer._isolation_level, consumer._fetch_max_wait_ms) == ("read_committed", 7)
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in inspect.getsource(AIOKafkaConsumer.start)
    consumer._closed = True
    assert "_default_reset_strategy != OffsetResetStrategy.NONE" in inspect.getsource(Fetcher)
    assert "self._update_fetch_positions(assignment, node_id, tps)" in inspect.getsource(Fetcher)
    assert "has_valid_position or tp_state.awaiting_reset" in inspect.getsource(Fetcher._update_fetch_positions)
    assert "next_fetch_offset" in inspect.getsource(FetchResult._update_position)


def test_nothing_is_awaited_between_taking_records_and_returning_them() -> None:
    """The label of a run is the position right after the fetch returns."""
    source = inspect.getsource(Fetcher.fetched_records)
    taking = source.index("drained[tp] = records")
    returning = source.index("if drained or not timeout")
    assert "await" not in source[taking:returning]


def test_a_fetch_is_read_as_the_reading_by_whole_batches_expects() -> None:
    """What `PartitionRecords` does with a batch is done anew, and `test_batches` compares the two."""
    answered = inspect.getsource(Fetcher._proc_fetch_request)
    assert "await " not in answered[answered.index("if not assignment.active") :]
    assert "self._proc_fetch_request(assignment, node_id, request)" in inspect.getsource(Fetcher)
    taking = inspect.getsource(Fetcher.fetched_records)
    for used in ("type(res_or_error) is FetchResult", "res_or_error.getall(max_records)", "res_or_error.has_more()"):
        assert used in taking
    assert "self._partition_records.next_fetch_offset" in inspect.getsource(FetchResult.check_assignment)
    reading = inspect.getsource(PartitionRecords._unpack_records)
    steps = (
        "self._check_crcs and not next_batch.validate_crc()",
        "self._isolation_level == READ_COMMITTED",
        "next_batch.producer_id is not None",
        "self._consume_aborted_up_to(next_batch.base_offset)",
        "self._contains_abort_marker(next_batch)",
        "self._aborted_producers.discard(next_batch.producer_id)",
        "next_batch.producer_id in self._aborted_producers",
        "if next_batch.is_control_batch:",
        "if record.offset < self.next_fetch_offset",
    )
    places = [reading.index(step) for step in steps]
    assert places == sorted(places)
    assert reading.count("self.next_fetch_offset = next_batch.next_offset") == len(("aborted", "control", "read"))


def test_faust_delivers_through_the_method_that_the_engine_overrides() -> None:
    """With two coroutines, the delivery first, and nothing is done with the result."""
    source = inspect.getsource(Consumer._drain_messages)
    assert source.count("wait_first") == 1
    delivery = "await self.wait_first( callback(message), self.suspend_flow.wait() ) set_read_offset(tp, offset)"
    assert delivery in " ".join(source.split())
    assert "await self.sleep(0)" in source
    assert inspect.getsource(Consumer).count("wait_first(") == 1


def test_faust_calls_the_hooks_that_the_engine_overrides() -> None:
    assert "self.scheduler.iterate(records)" in inspect.getsource(Consumer.getmany)
    assert "self.seek_to_committed()" in inspect.getsource(Consumer.perform_seek)
    assert "fetcher.fetched_records" in inspect.getsource(AIOKafkaConsumerThread._fetch_records)
    assert "self._recovery" in inspect.getsource(TableManager)
    assert "perform_seek" in inspect.getsource(Recovery.on_recovery_completed)
    for name in ("_restart_recovery", "_slurp_changelogs", "signal_recovery_start", "_set_recovery_started", "_wait"):
        assert hasattr(Recovery, name)
