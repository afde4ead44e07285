"""`giftstream worker`."""

from functools import partial
from typing import Annotated

import typer

from app.commands.options import place

Quarantine = Annotated[
    list[str] | None,
    typer.Option(metavar="PARTITION:OFFSET", help="Send this record, which stops the worker, to the dead letters."),
]
AcceptGap = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PARTITION:OFFSET",
        help="Go on though the records before this one are lost to retention; boards say `incomplete`.",
    ),
]


def worker(quarantine: Quarantine = None, accept_gap: AcceptGap = None) -> None:
    """Count gifts and publish boards until stopped. Exit 3 is a fail-stop: nothing is lost, start again."""
    quarantined = [place(text, "--quarantine") for text in quarantine or []]
    accepted = [place(text, "--accept-gap") for text in accept_gap or []]
    from app.logs import configure_logs
    from app.settings_load import load_settings

    settings = load_settings()
    configure_logs(settings.log_format)
    from app.pipeline import Told
    from app.worker import run_worker
    from app.workers import run_workers

    raise typer.Exit(run_workers(settings, partial(run_worker, told=Told(quarantined, accepted))))
