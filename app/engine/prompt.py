"""Batches that go out in the task that waits for their acks.

aiokafka hands a batch from its caller to the sender's task, from there to a task a request, and the ack comes back the
same way: nine turns of an event loop whose turns may be milliseconds of counting. Here it is two. What is done in them
is what the sender does, by its own methods; what has to be sent again, or has no leader yet, is left to it.

A batch of a worker that is behind is compressed in a thread: that needs no interpreter, so that others go on counting.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

LARGE_BYTES: Final = 2 * 1024 * 1024
"""Uncompressed. Smaller ones are those of who is not behind: there a thread has to wait for the interpreter, too, and
nothing was gained (at 64 KiB and 5,000 gifts/s)."""

Acks = dict[Any, "asyncio.Future[Any]"]
"""By batch: as `create_batch` made it."""


async def send_queued(producer: AIOKafkaProducer) -> Acks:
    """Send the batches that are queued, at most one a partition, and return their acks when the brokers have answered.

    An ack that is still to come then is that of a batch which the sender sends again. Those that the sender was faster
    to take, or that have to wait for others, have none here.
    """
    sender = producer._sender
    by_node, _ = producer._message_accumulator.drain_by_nodes(sender._in_flight, sender._muted_partitions)
    for node, batches in by_node.items():  # before anybody else looks
        sender._in_flight.add(node)
        sender._muted_partitions.update(batches)
    requests = [_request(sender, node, batches) for node, batches in by_node.items()]
    await (requests[0] if len(requests) == 1 else asyncio.gather(*requests))
    return {batch._builder: batch.future for batches in by_node.values() for batch in batches.values()}


async def _request(sender: Any, node: int, batches: dict[Any, Any]) -> None:
    """Send batches that are marked to be on their way. After an error they stay so: their producer is given up."""
    try:
        await _compress(batch._builder for batch in batches.values())
        await sender._send_produce_req(node, batches)
    except BaseException as error:
        # Whoever closes the producer waits for all acks.
        for batch in batches.values():
            batch.failure(KafkaError(f"the request was given up: {error!r}"))
        raise
    finally:
        _wake(sender._message_accumulator)


async def _compress(builders: Iterable[Any]) -> None:
    """Build the large ones. They have their sequence numbers by now, and are built once: also to be sent again."""
    large = [builder for builder in builders if builder.size() >= LARGE_BYTES]
    if large:
        await asyncio.gather(*[asyncio.to_thread(builder._build) for builder in large])


def _wake(queue: Any) -> None:
    """If anything is left, tell the sender's task to look: it does not wait for requests that are not its own."""
    if queue._batches and not queue.waiter().done():
        queue.waiter().set_result(None)
