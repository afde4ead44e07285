"""The pipeline, put together: create_app(settings) wires topics, tables, agents and metrics."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple, NoReturn

from agents.domain.fold import GiftFold
from agents.domain.merge import Merge
from agents.domain.rules import Rules
from agents.domain.tables import FAMILIES, Tables
from agents.gifts import Acked, GiftMachine, gifts_agent
from agents.merge import MergedBoards, merge_agent
from agents.news import Merged
from agents.output import Topics
from app.connection import client_options
from app.engine.app import EngineApp
from app.engine.fail_stop import fail_stop
from app.engine.observer import Observer
from app.engine.partition import FlushOptions, Identity
from app.engine.replay import Replay
from app.engine.rows import Family, Pressure
from app.engine.takeover import Takeover
from app.faust_options import faust_options
from app.logs import last_line
from app.settings import Settings, rules
from app.topology import Topology, topology

STATE_TABLE = "state"


class Told(NamedTuple):
    """What the operator told this worker: records (partition, offset) for the dead letters, and accepted gaps.

    A gap is accepted by the first offset that is still there.
    """

    quarantined: Sequence[tuple[int, int]] = ()
    accepted_gaps: Sequence[tuple[int, int]] = ()


NOTHING: Final = Told()


class Watcher(Observer):
    """What the pipeline tells besides what the engine does."""

    def acked(self, acked: Acked) -> None:
        """A run of one partition is durable and published."""

    def merged(self, merged: Merged) -> None:
        """Boards over all partitions are published."""


def create_app(settings: Settings, told: Told = NOTHING, watcher: Watcher | None = None) -> EngineApp:
    """Return the worker's Faust app."""
    watcher = watcher or Watcher()
    app = _new_app(settings, watcher)
    _add_gifts(app, settings, topology(settings), told, watcher, _flushing(settings))
    _add_merge(app, settings, watcher)
    return app


def create_rebuild(settings: Settings, names: Topology, told: Told = NOTHING) -> EngineApp:
    """Return the app that counts the log anew and publishes to `names`; boards over all partitions are not made.

    What the log has lost before it begins is missing, and boards say so. A partition that is read to its end counts as
    idle at once, so that no board is open here that a worker which waited longer has made final.
    """
    app = _new_app(settings, Watcher())
    _add_gifts(app, settings, names, told, Watcher(), replace(_flushing(settings), idle_ms=0), whole=True)
    return app


def _new_app(settings: Settings, watcher: Watcher) -> EngineApp:
    def stop(error: BaseException) -> NoReturn:
        watcher.stopped(error)
        fail_stop(error, partial(last_line, settings.log_format))

    return EngineApp(settings.app_id, stop=stop, **faust_options(settings))


def _flushing(settings: Settings) -> FlushOptions:
    return FlushOptions(every_ms=settings.flush_ms, behind_every_ms=settings.behind_flush_ms)


def _add_gifts(
    app: EngineApp,
    settings: Settings,
    names: Topology,
    told: Told,
    watcher: Watcher,
    flushing: FlushOptions,
    *,
    whole: bool = False,
) -> None:
    """Gifts in, state, totals, gifter boards, spikes, partials and dead letters out."""
    counting, connection = rules(settings), client_options(settings)
    topics = Topics(*(getattr(names, field).name for field in Topics._fields))

    def machine_for(number: int, pressure: Pressure) -> GiftMachine:
        tables, families = new_tables(pressure)
        fold = GiftFold(counting, number, tables, frozenset(at for p, at in told.quarantined if p == number))
        return GiftMachine(fold, families, names.gifts.name, number, topics, settings.behind_board_ms, watcher.acked)

    table = app.state_table(STATE_TABLE).configure(
        names.gifts.name,
        machine_for,
        Takeover(
            settings.app_id,
            names.changelog.name,
            identity(counting),
            connection,
            app.stall_watch.check,
            dict(told.accepted_gaps),
            whole,
        ),
        options=flushing,
        observer=watcher,
        stop=app.stop_worker,
    )
    app.agent(app.run_topic(names.gifts.name), name="gifts")(gifts_agent(table.fold))


def _add_merge(app: EngineApp, settings: Settings, watcher: Watcher) -> None:
    """Partials of all partitions in, global and regional boards out."""
    names, counting = topology(settings), rules(settings)
    replay = app.replay(
        Replay(
            names.partials.name,
            names.streams.name,
            f"{settings.app_id}-merge",
            lambda: MergedBoards(Merge(counting), names.streams.name, watcher.merged),
            client_options(settings),
            app.stall_watch.check,
            app.stop_worker,
        )
    )
    app.agent(app.run_topic(names.partials.name), name="merge")(merge_agent(app, replay))


def new_tables(pressure: Pressure) -> tuple[Tables, dict[str, Family[Any]]]:
    """Return the empty families of one partition, as the domain sees them and as the engine does."""
    families: dict[str, Family[Any]] = {
        name: Family(kind.tag, kind.row_type, pressure, kind.version, kind.older) for name, kind in FAMILIES.items()
    }
    return Tables(**families), families


def identity(counting: Rules) -> Identity:
    """Return what a state depends on: with other settings it would be the state of another computation."""
    return Identity(
        counting.partitions,
        f"horizon {counting.horizon_ms} ms, lateness {counting.lateness_ms} ms, time zone {counting.time_zone}, "
        f"partitioner {counting.partitioner}, topic {counting.source_topic}",
    )
