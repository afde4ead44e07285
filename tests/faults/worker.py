"""`giftstream worker` with places to die at: `python -m tests.faults.worker worker`.

FAULTS_FOLDER      where the journal is kept
FAULTS_PARTITIONS  of the source topic
FAULTS_DIE_AT      POINT:N, several separated by commas: SIGKILL when the point is passed for the N-th time
FAULTS_STOP_AT     the same with SIGSTOP
FAULTS_WITHOUT     what to switch off, separated by commas: a key of `SWITCHES`
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from agents.gifts import GiftMachine
from app.cli import main
from app.engine import producer
from app.engine.stall import StallWatch
from app.engine.takeover import ChangelogPartition
from tests.faults.failpoints import Failpoints, split_runs
from tests.faults.journal import Journal
from tests.faults.stumbling import STUMBLED_OVER
from tests.faults.watching import watch
from tests.faults.wrapping import Method, wrap


def _no_fence(points: Failpoints) -> None:
    """Each producer gets an id that nobody takes away."""
    producer._take_id_from_transactional_id = lambda *_: None


def _no_stall_watch(points: Failpoints) -> None:
    """Only the broker's fence stops a worker that stood still."""
    wrap(StallWatch, "check")(lambda check: lambda watch: None)


def _no_places(points: Failpoints) -> None:
    """No ack says where its records lie, so nobody notices that another writes between its own."""

    def placeless(send: Method) -> Method:
        async def sent(*arguments: Any) -> int:
            await send(*arguments)
            return -1

        return sent

    wrap(ChangelogPartition, "append")(placeless)
    wrap(producer.FencedProducer, "publish")(placeless)


def _stumbles(points: Failpoints) -> None:
    """The fold has a bug: it raises on a good record, in the midst of changing the state."""

    @wrap(GiftMachine, "fold")
    def _(fold: Method) -> Method:
        def folded(machine: GiftMachine, record: Any) -> Any:
            letter = fold(machine, record)
            if letter is None and STUMBLED_OVER.encode() in record.value:
                raise ZeroDivisionError("a bug")
            return letter

        return folded


SWITCHES: Final[Mapping[str, Callable[[Failpoints], None]]] = {
    "fence": _no_fence,
    "one_batch": split_runs,
    "places": _no_places,
    "sound_fold": _stumbles,
    "stall_watch": _no_stall_watch,
}


def _points(text: str) -> dict[str, int]:
    return {name: int(count) for name, _, count in (one.partition(":") for one in text.split(",") if one)}


def install(environment: Mapping[str, str]) -> None:
    """Wrap the engine as the environment says."""
    journal = Journal(Path(environment["FAULTS_FOLDER"]), int(environment["FAULTS_PARTITIONS"]))
    watch(journal)
    points = Failpoints(
        journal, _points(environment.get("FAULTS_DIE_AT", "")), _points(environment.get("FAULTS_STOP_AT", ""))
    )
    points.install()
    for name in filter(None, environment.get("FAULTS_WITHOUT", "").split(",")):
        SWITCHES[name](points)


if __name__ == "__main__":
    install(os.environ)
    main()
