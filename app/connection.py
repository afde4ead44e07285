"""The arguments with which every Kafka client of ours connects."""

import ssl
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from app.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Return aiokafka's connection arguments: addresses, and TLS and SASL where the settings ask for them."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(settings)
    if settings.security_protocol.startswith("SASL") and settings.sasl_password is not None:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return options


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return a context that checks the broker's certificate and shows ours, if there is one."""
    context = ssl.create_default_context(cafile=settings.ssl_cafile)
    if settings.ssl_certfile is not None and settings.ssl_keyfile is not None:
        context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile)
    return context


def producer_options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of a producer of gifts: idempotent, all replicas, the configured partitioner."""
    options = client_options(settings) | {"enable_idempotence": True, "acks": "all", "linger_ms": 20}
    if settings.partitioner == "crc32":
        options["partitioner"] = _crc32
    return options


def _crc32(key: bytes | None, partitions: Sequence[int], available: Sequence[int]) -> int:
    return partitions[crc32(key or b"") % len(partitions)]
