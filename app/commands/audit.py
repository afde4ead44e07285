"""`giftstream audit`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Json
from app.commands.output import json_line, say
from app.errors import Finding

if TYPE_CHECKING:
    from app.audit.options import AuditOptions
    from app.audit.report import Report
    from app.settings import Settings

Settle = Annotated[float, typer.Option(help="Seconds that a running merge may take to catch up.", min=0)]


def audit(settle: Settle = 6.0, as_json: Json = False) -> None:
    """Recount the source log and compare every published board at its position. Exit 1 on any drift.

    Only reads, and may run beside workers. Exit 1 also if nothing could be checked.
    """
    import asyncio

    from app.audit.read import AuditError
    from app.audit.run import audit as run_audit
    from app.connection import client_options
    from app.settings_load import load_settings
    from app.wait import wait_for_broker

    settings = load_settings()
    connection = client_options(settings)

    async def run() -> "Report":
        await wait_for_broker(connection, on_wait=say, max_seconds=0)
        security = {name: value for name, value in connection.items() if name != "bootstrap_servers"}
        return await run_audit(settings.broker, _options(settings, settle), connection=security)

    try:
        report = asyncio.run(run())
    except AuditError as error:
        raise Finding(f"The audit could not be done: {error}") from None
    if as_json:
        json_line(report.as_dict())
    else:
        _print(report)
    raise typer.Exit(report.exit_code())


def _options(settings: "Settings", settle: float) -> "AuditOptions":
    from app.audit.options import AuditOptions, Topics

    return AuditOptions(
        topics=Topics.named(settings.topic_prefix, settings.app_id),
        partitions=settings.partitions,
        partitioner=settings.partitioner,
        horizon_ms=settings.horizon_seconds * 1000,
        time_zone=settings.time_zone,
        top_n=settings.top_n,
        settle_seconds=settle,
    )


def _print(report: "Report") -> None:
    from rich.console import Console

    Console().print(report.render())
