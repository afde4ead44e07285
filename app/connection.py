"""The arguments with which every Kafka client of ours connects."""

import ssl
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from app.errors import SettingsError
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


def security_options(settings: Settings) -> dict[str, Any]:
    """Return those of `client_options` that are not the addresses."""
    return {name: value for name, value in client_options(settings).items() if name != "bootstrap_servers"}


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return a context that checks the broker's certificate and name, and shows our certificate, if there is one.

    Raises SettingsError if a file cannot be read, or does not hold what it should.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ssl_cafile)
    except OSError as error:
        raise _unusable(error, "GIFTSTREAM_SSL_CAFILE", "a PEM file of certificates") from None
    if settings.ssl_certfile is not None and settings.ssl_keyfile is not None:
        secret = settings.ssl_key_password
        try:
            # Without a password OpenSSL would ask for one at the terminal.
            password = secret.get_secret_value() if secret else ""
            context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile, password)
        except OSError as error:
            names = "GIFTSTREAM_SSL_CERTFILE, GIFTSTREAM_SSL_KEYFILE and GIFTSTREAM_SSL_KEY_PASSWORD"
            raise _unusable(error, names, "PEM files of a certificate and of its key, and the key's password") from None
    return context


def _unusable(error: OSError, names: str, allowed: str) -> SettingsError:
    why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return SettingsError(f"{names} cannot be used ({why or 'not PEM'})", allowed=allowed)


def producer_options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of a producer of gifts: idempotent, all replicas, the configured partitioner."""
    options = client_options(settings) | {"enable_idempotence": True, "acks": "all", "linger_ms": 20}
    if settings.partitioner == "crc32":
        options["partitioner"] = _crc32
    return options


def _crc32(key: bytes | None, partitions: Sequence[int], available: Sequence[int]) -> int:
    return partitions[crc32(key or b"") % len(partitions)]
