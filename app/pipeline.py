"""The pipeline, put together: create_app(settings) wires topics, tables, agents and metrics."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn

from agents.domain.fold import GiftFold
from agents.domain.merge import Merge
from agents.domain.rules import Rules
from agents.domain.tables import FAMILIES, Tables
from agents.gifts import Acked, GiftMachine, gifts_agent
from agents.merge import MergedBoards, merge_agent
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
from app.settings import Settings, rules
from app.topology import topology

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

    def merged(self, values: int, tombstones: int) -> None:
        """So many boards over all partitions are being published."""


def create_app(settings: Settings, told: Told = NOTHING, watcher: Watcher | None = None) -> EngineApp:
    """Return the worker's Faust app."""
    watcher = watcher or Watcher()

    def stop(error: BaseException) -> NoReturn:
        watcher.stopped(error)
        fail_stop(error)

    app = EngineApp(settings.app_id, stop=stop, **faust_options(settings))
    _add_gifts(app, settings, told, watcher)
    _add_merge(app, settings, watcher)
    return app


def _add_gifts(app: EngineApp, settings: Settings, told: Told, watcher: Watcher) -> None:
    """Gifts in, state, totals, gifter boards, spikes, partials and dead letters out."""
    names, counting, connection = topology(settings), rules(settings), client_options(settings)
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
        ),
        options=FlushOptions(every_ms=settings.flush_ms, behind_every_ms=settings.behind_flush_ms),
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
