"""`giftstream audit`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Json
from app.commands.output import json_line, say
from app.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from app.audit.report import Report
    from app.settings import Settings

Settle = Annotated[float, typer.Option(help="Seconds that a running merge may take to catch up.", min=0)]
State = Annotated[bool, typer.Option("--state", help="Compare the rows of the state changelog too.")]
Explain = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="Instead: show the source records that make up one board, such as tiktok:7301|coin|1h|1791054000000.",
    ),
]
Member = Annotated[
    str | None,
    typer.Option(metavar="ID", help="With --explain: only one gifter of a stream's board, or one stream of a scope's."),
]


def audit(
    state: State = False,
    explain: Explain = None,
    member: Member = None,
    settle: Settle = 6.0,
    as_json: Json = False,
) -> None:
    """Recount the source log and compare every published board at its position. Exit 1 on any drift.

    Only reads, and may run beside workers. Exit 1 also if nothing could be checked.

    --state also recounts what a worker would recover from: every row of the state changelog, at the position of its
    partition's last commit.

    --explain KEY answers "why this number?": each record of the board in log order, what became of it and why (counted,
    late, unchanged, a duplicate of which offset, refused for what reason), the running total, and last what is
    published. KEY is that of the board's topic, OWNER|UNIT|WINDOW|START_MS in quotes; OWNER is a stream, global or
    region:CODE.
    """
    if member is not None and explain is None:
        raise UsageError("--member is for --explain", do="Name the board by --explain KEY")
    if explain is not None and state:
        raise UsageError("--explain and --state are two questions", do="Ask them one after the other")
    import asyncio

    from app.audit.board_key import KeyProblem
    from app.audit.read import AuditError
    from app.settings_load import load_settings

    settings = load_settings()
    try:
        if explain is None:
            exit_code = asyncio.run(_audit(settings, settle, state, as_json))
        else:
            exit_code = asyncio.run(_explain(settings, explain, member, as_json))
    except AuditError as error:
        raise UsageError(f"The audit could not be done: {error}") from None
    except KeyProblem as error:
        raise UsageError(f"--explain {explain}: {error}") from None
    raise typer.Exit(exit_code)


async def _audit(settings: "Settings", settle: float, state: bool, as_json: bool) -> int:
    from app.auditing import audit_installation

    await _wait(settings)
    report: Report = await audit_installation(settings, settle, state=state)
    if as_json:
        json_line(report.as_dict())
    else:
        _print(report.render())
    return report.exit_code()


async def _explain(settings: "Settings", key: str, member: str | None, as_json: bool) -> int:
    from msgspec import to_builtins

    from app.audit.board_key import read_board_key
    from app.audit.calendar import Calendar
    from app.audit.explain import Conclusion
    from app.audit.explain_view import ExplanationView
    from app.auditing import explain_board

    read_board_key(key, Calendar(settings.time_zone))
    await _wait(settings)
    view, exit_code = ExplanationView(), 1
    async for line in explain_board(settings, key, member):
        if as_json:
            json_line(to_builtins(line))
        if isinstance(line, Conclusion):
            exit_code = line.exit_code()
            if not as_json:
                _print(view.render(line))
        else:
            view.add(line)
    return exit_code


async def _wait(settings: "Settings") -> None:
    from app.connection import client_options
    from app.wait import wait_for_broker

    await wait_for_broker(client_options(settings), on_wait=say, max_seconds=0)


def _print(renderable: "RenderableType") -> None:
    from rich.console import Console

    Console().print(renderable)
