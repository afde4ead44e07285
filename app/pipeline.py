"""The pipeline, put together: create_app(settings) wires topics, tables, agents and metrics."""

from collections.abc import Callable, Sequence
from typing import Any

import faust
from yarl import URL

from agents.domain.fold import GiftFold
from agents.domain.merge import Merge
from agents.domain.rules import Rules
from agents.domain.tables import FAMILIES, Tables
from agents.gifts import Acked, GiftMachine, gifts_agent
from agents.merge import MergedBoards, merge_agent
from agents.output import Topics
from app.connection import client_options, tls_context
from app.engine.app import EngineApp
from app.engine.partition import FlushOptions, Identity
from app.engine.replay import Replay
from app.engine.rows import Family, Pressure
from app.engine.takeover import Takeover
from app.settings import Settings, rules
from app.topology import topology

STATE_TABLE = "state"
MAX_POLL_RECORDS = 5_000
FETCH_BYTES = 2 * 1024 * 1024


def create_app(
    settings: Settings, *, quarantined: Sequence[tuple[int, int]] = (), acked: Callable[[Acked], None] | None = None
) -> EngineApp:
    """Return the worker's Faust app. `quarantined` names records (partition, offset) for the dead letters."""
    app = EngineApp(settings.app_id, **_faust_options(settings))
    _add_gifts(app, settings, quarantined, acked or _ignore)
    _add_merge(app, settings)
    return app


def _add_gifts(
    app: EngineApp, settings: Settings, quarantined: Sequence[tuple[int, int]], acked: Callable[[Acked], None]
) -> None:
    """Gifts in, state, totals, gifter boards, spikes, partials and dead letters out."""
    names, counting, options = topology(settings), rules(settings), client_options(settings)
    topics = _topics(settings)

    def machine_for(number: int, pressure: Pressure) -> GiftMachine:
        tables, families = new_tables(pressure)
        fold = GiftFold(counting, number, tables, frozenset(at for p, at in quarantined if p == number))
        return GiftMachine(fold, families, names.gifts.name, number, topics, settings.behind_board_ms, acked)

    table = app.state_table(STATE_TABLE).configure(
        names.gifts.name,
        machine_for,
        Takeover(settings.app_id, names.changelog.name, identity(counting), options, app.stall_watch.check),
        options=FlushOptions(every_ms=settings.flush_ms, behind_every_ms=settings.behind_flush_ms),
        stop=app.stop_worker,
    )
    app.agent(app.run_topic(names.gifts.name), name="gifts")(gifts_agent(table.fold))


def _add_merge(app: EngineApp, settings: Settings) -> None:
    """Partials of all partitions in, global and regional boards out."""
    names, counting = topology(settings), rules(settings)
    replay = app.replay(
        Replay(
            names.partials.name,
            names.streams.name,
            f"{settings.app_id}-merge",
            lambda: MergedBoards(Merge(counting), names.streams.name),
            client_options(settings),
            app.stall_watch.check,
            app.stop_worker,
        )
    )
    app.agent(app.run_topic(names.partials.name), name="merge")(merge_agent(app, replay))


def new_tables(pressure: Pressure) -> tuple[Tables, dict[str, Family[Any]]]:
    """Return the empty families of one partition, as the domain sees them and as the engine does."""
    families: dict[str, Family[Any]] = {
        name: Family(tag, row_type, pressure) for name, (tag, row_type) in FAMILIES.items()
    }
    return Tables(**families), families


def identity(counting: Rules) -> Identity:
    """Return what a state depends on: with other settings it would be the state of another computation."""
    return Identity(
        counting.partitions,
        f"horizon {counting.horizon_ms} ms, lateness {counting.lateness_ms} ms, time zone {counting.time_zone}, "
        f"partitioner {counting.partitioner}, topic {counting.source_topic}",
    )


def _topics(settings: Settings) -> Topics:
    names = topology(settings)
    return Topics(*(getattr(names, field).name for field in Topics._fields))


def _ignore(*_: Any) -> None:
    """Nobody listens."""


def _faust_options(settings: Settings) -> dict[str, Any]:
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
