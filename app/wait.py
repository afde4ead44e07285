"""Waiting for a Kafka that is not there yet, because Faust would exit at once."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from app.errors import BrokerUnreachable

LONGEST_PAUSE_SECONDS: Final = 30.0

REFUSALS: Final = ("SaslAuthenticationFailed", "SSL: ", "SSL error")
"""What aiokafka says if a broker is there and we do not trust it, or it does not trust us."""


def pauses() -> Iterator[float]:
    """Yield the seconds between tries: 1, 2, 4, 8, 16, 30, 30, ..."""
    pause = 1.0
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def wait_for_broker(
    options: Mapping[str, Any],
    *,
    on_wait: Callable[[str], None],
    max_seconds: float | None = None,
    sleep: Callable[[float], Any] = asyncio.sleep,
) -> None:
    """Return when a broker answers. `options` are those of `client_options`.

    `on_wait` is told a line before each pause. Raises BrokerUnreachable once the pauses would exceed
    `max_seconds`.
    """
    addresses = ", ".join(options["bootstrap_servers"])
    waited = 0.0
    for pause in pauses():
        why = await _try(options)
        if why is None:
            return
        refused = any(word in why for word in REFUSALS)
        found = f"Kafka at {addresses} does not let us in ({why})" if refused else _absent(addresses, why)
        if max_seconds is not None and waited + pause > max_seconds:
            do = "Start it (`giftstream broker`), or set GIFTSTREAM_BROKER"
            raise BrokerUnreachable(found, do="Look at GIFTSTREAM_SASL_* and GIFTSTREAM_SSL_*" if refused else do)
        on_wait(f"{found}; trying again in {pause:.0f} s")
        await sleep(pause)
        waited += pause


def _absent(addresses: str, why: str) -> str:
    return f"No Kafka broker answers at {addresses} ({why})"


async def _try(options: Mapping[str, Any]) -> str | None:
    """Return None if a broker answers, else why not."""
    client = AIOKafkaClient(client_id="giftstream-wait", request_timeout_ms=5_000, **options)
    heard = _LastError()
    logger = logging.getLogger("aiokafka")
    logger.addFilter(heard)
    try:
        await client.bootstrap()
    except (KafkaError, OSError) as error:
        return heard.text or str(error)
    finally:
        logger.removeFilter(heard)
        await client.close()
    return None


class _LastError(logging.Filter):
    """Keeps what aiokafka logs about a failed connection: its exception says only that there is none."""

    text = ""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        self.text = record.getMessage().splitlines()[0][:200]
        return False
