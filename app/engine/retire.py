"""Ending the use of a state for good: its owner is fenced, and whoever takes it over later is refused.

A fence alone would not do: a worker that is started again takes the id back. So the fence is followed by a row that
every takeover reads, and that says which app id goes on instead.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from app.engine.changelog import REPLACED_KEY
from app.engine.clock import now_ms
from app.engine.errors import Fenced
from app.engine.machine import Output
from app.engine.producer import FencedProducer
from app.engine.rows import Rows

TRIES: Final = 5
"""The partitions of a worker that was fenced move to another one, which may take the id at this very moment."""


async def retire(
    transactional_id: str,
    connection: dict[str, Any],
    place: tuple[str, int],
    successor: str,
    fences: Sequence[Output],
    agree: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Take an id from its owner, write at `place` (topic, partition) that its state is replaced, then the fences.

    A fence is a record that tells readers nothing, on a partition that the owner publishes to: from then on
    the broker refuses it there. Done twice, it does no harm. `agree` is called once the id is taken, and raises if
    another successor has written there. Raises Fenced if others take the id each time.
    """
    for left in reversed(range(TRIES)):
        producer = FencedProducer(transactional_id, connection, lambda: None)
        at_ms = now_ms()
        try:
            await producer.start()
            if agree is not None:
                await agree()
            await producer.append(*place, Rows([(REPLACED_KEY, successor.encode())]), at_ms)
            await producer.publish(fences, at_ms)
            return
        except Fenced:
            if not left:
                raise
        finally:
            await producer.stop()
