"""The fenced producer: what it says of a batch that the broker refuses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerFenced, RecordListTooLargeError

from app.engine.errors import ChangelogError, Fenced
from app.engine.producer import FencedProducer
from app.engine.rows import Rows


@asynccontextmanager
async def refusing(error: KafkaError) -> AsyncIterator[FencedProducer]:
    """Yield a producer whose broker refuses each batch."""

    async def send_batch(batch: Any, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        ack: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        ack.set_exception(error)
        return ack

    producer = FencedProducer("app-3", {"bootstrap_servers": "127.0.0.1:1"}, check=lambda: None)
    with patch.object(producer._producer, "send_batch", send_batch):
        yield producer
    producer._producer._closed = True  # it was never started


@pytest.mark.asyncio
async def test_a_batch_that_is_too_large_names_its_place_its_size_and_the_way_out() -> None:
    async with refusing(MessageSizeTooLargeError()) as producer:
        with pytest.raises(ChangelogError) as raised:
            await producer.append("app-changelog", 3, Rows([(b"key", b"value")]), 0)
    said = str(raised.value)
    assert said.startswith("app-changelog[3]: the broker refused a batch: MessageSizeTooLargeError()")
    assert "of 76 bytes" in said
    assert "`giftstream topics check` tells what the topic has to allow" in said


@pytest.mark.asyncio
async def test_another_refusal_is_told_as_it_is() -> None:
    async with refusing(RecordListTooLargeError()) as producer:
        with pytest.raises(ChangelogError, match=r"\[3\]: the broker refused a batch: RecordListTooLargeError.*mend"):
            await producer.append("app-changelog", 3, Rows([(b"key", b"value")]), 0)


@pytest.mark.asyncio
async def test_a_newer_owner_is_no_fault_of_the_broker() -> None:
    async with refusing(ProducerFenced()) as producer:
        with pytest.raises(Fenced, match="another worker owns this partition now"):
            await producer.append("app-changelog", 3, Rows([(b"key", b"value")]), 0)
