"""Faust's settings, from ours."""

from typing import Any, Final

import faust
from yarl import URL

from app.connection import tls_context
from app.settings import Settings

MAX_POLL_RECORDS: Final = 5_000
FETCH_BYTES: Final = 2 * 1024 * 1024


def faust_options(settings: Settings) -> dict[str, Any]:
    """Faust's settings. Sessions and heartbeats: DESIGN section 5; static membership is not used."""
    session = float(settings.session_timeout_seconds)
    return {
        "broker": [URL(f"kafka://{address}") for address in settings.bootstrap],
        "broker_credentials": _credentials(settings),
        "broker_session_timeout": session,
        "broker_heartbeat_interval": float(settings.heartbeat_seconds),
        "broker_request_timeout": max(30.0, 3 * session),
        "broker_rebalance_timeout": max(30.0, 3 * session),
        "broker_max_poll_records": MAX_POLL_RECORDS,
        "broker_max_poll_interval": 300.0,
        "consumer_max_fetch_size": FETCH_BYTES,
    }


def _credentials(settings: Settings) -> Any:
    if settings.security_protocol == "SSL":
        return faust.SSLCredentials(context=tls_context(settings))
    if settings.security_protocol.startswith("SASL") and settings.sasl_password is not None:
        tls = tls_context(settings) if settings.security_protocol == "SASL_SSL" else None
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            mechanism=settings.sasl_mechanism,
            ssl_context=tls,
        )
    return None
