"""`giftstream top`."""

from typing import Annotated

import typer

from app.commands.options import Json, Unit, Window, check_window
from app.commands.output import json_line

Stream = Annotated[str | None, typer.Option(help="The gifters of this stream; else the top streams.")]
Scope = Annotated[str, typer.Option(help="`global` or `region:<code>`, for the top streams.")]


def top(
    stream: Stream = None,
    scope: Scope = "global",
    window: Window = None,
    unit: Unit = None,
    as_json: Json = False,
) -> None:
    """Print the newest boards of a stream, or of all streams. Exit 1 if there is none."""
    check_window(window)
    import asyncio

    from app.boards import Board, Boards, asked, newest
    from app.settings_load import load_settings
    from app.topic_reader import read_to_end
    from app.topology import topology

    settings = load_settings()
    topic, prefix, test = asked(topology(settings), stream, scope, window, unit)

    async def run() -> list[Board]:
        boards = Boards()
        async for record in read_to_end(settings, [topic]):
            if (record.key or b"").startswith(prefix):
                boards.apply(record.key, record.value)
        return newest(filter(test, boards))

    shown = asyncio.run(run())
    if as_json:
        for board in shown:
            json_line(board)
    else:
        _print(shown, settings.time_zone)
    raise typer.Exit(0 if shown else 1)


def _print(boards: list[dict[str, object]], time_zone: str) -> None:
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from app.view import render_all

    Console().print(render_all(boards, ZoneInfo(time_zone)))
