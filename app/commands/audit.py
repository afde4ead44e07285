"""`giftstream audit`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Json
from app.commands.output import json_line, say
from app.errors import UsageError

if TYPE_CHECKING:
    from app.audit.report import Report

Settle = Annotated[float, typer.Option(help="Seconds that a running merge may take to catch up.", min=0)]
State = Annotated[bool, typer.Option("--state", help="Compare the rows of the state changelog too.")]


def audit(state: State = False, settle: Settle = 6.0, as_json: Json = False) -> None:
    """Recount the source log and compare every published board at its position. Exit 1 on any drift.

    Only reads, and may run beside workers. Exit 1 also if nothing could be checked.

    --state also recounts what a worker would recover from: every row of the state changelog, at the position of its
    partition's last commit.
    """
    import asyncio

    from app.audit.read import AuditError
    from app.auditing import audit_installation
    from app.connection import client_options
    from app.settings_load import load_settings
    from app.wait import wait_for_broker

    settings = load_settings()

    async def run() -> "Report":
        await wait_for_broker(client_options(settings), on_wait=say, max_seconds=0)
        return await audit_installation(settings, settle, state=state)

    try:
        report = asyncio.run(run())
    except AuditError as error:
        raise UsageError(f"The audit could not be done: {error}") from None
    if as_json:
        json_line(report.as_dict())
    else:
        _print(report)
    raise typer.Exit(report.exit_code())


def _print(report: "Report") -> None:
    from rich.console import Console

    Console().print(report.render())
