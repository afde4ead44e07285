"""Batches that go out in the task that waits for their acks.

aiokafka hands a batch from its caller to the sender's task, from there to a task a request, and the ack comes back the
same way: nine turns of an event loop whose turns may be milliseconds of counting. Here it is two. What is done in them
is what the sender does, by its own methods; what has to be sent again, or has no leader yet, is left to it.

A large batch is compressed in a thread: compressing needs no interpreter, so that others go on counting meanwhile.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

LARGE_BYTES: Final = 64 * 1024
"""Uncompressed; from here on compressing takes longer than going to a thread and back."""

Acks = dict[tuple[str, int], "asyncio.Future[Any]"]
"""By topic and partition."""


async def send_queued(producer: AIOKafkaProducer) -> Acks:
    """Send the batches that are queued, at most one a partition, and return their acks when the brokers have answered.

    An ack that is still to come then is that of a batch which the sender sends again. Those that the sender was faster
    to take, or that have to wait for others, have none here.
    """
    sender, queue = producer._sender, producer._message_accumulator
    by_node, _ = queue.drain_by_nodes(sender._in_flight, sender._muted_partitions)
    requests = [_request(sender, node, batches) for node, batches in by_node.items()]
    try:
        await (requests[0] if len(requests) == 1 else asyncio.gather(*requests))
    finally:
        if queue._batches:
            _wake(queue)
    return {tp: batch.future for batches in by_node.values() for tp, batch in batches.items()}


async def _request(sender: Any, node: int, batches: dict[Any, Any]) -> None:
    sender._in_flight.add(node)
    sender._muted_partitions.update(batches)
    try:
        await _compress(batch._builder for batch in batches.values())
        await sender._send_produce_req(node, batches)
    except BaseException as error:
        # Whoever closes the producer waits for all acks.
        for batch in batches.values():
            batch.failure(KafkaError(f"the request was given up: {error!r}"))
        raise


async def _compress(builders: Iterable[Any]) -> None:
    """Build the large ones. They have their sequence numbers by now, and are built once: also to be sent again."""
    large = [builder for builder in builders if builder.size() >= LARGE_BYTES]
    if large:
        await asyncio.gather(*[asyncio.to_thread(builder._build) for builder in large])


def _wake(queue: Any) -> None:
    """Tell the sender's task to look what is queued: it does not wait for requests that are not its own."""
    if not queue.waiter().done():
        queue.waiter().set_result(None)
