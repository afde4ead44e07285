"""`giftstream watch`."""

from typing import TYPE_CHECKING

from app.commands.options import Json, Unit, Window, check_window
from app.commands.output import json_line
from app.commands.top import Scope, Stream

if TYPE_CHECKING:
    from app.boards import Asked
    from app.settings import Settings


def watch(
    stream: Stream = None,
    scope: Scope = "global",
    window: Window = None,
    unit: Unit = None,
    as_json: Json = False,
) -> None:
    """Follow the newest boards of a stream, or of all streams, until Ctrl-C."""
    check_window(window)
    import asyncio
    from contextlib import suppress

    from app.boards import asked
    from app.settings_load import load_settings
    from app.topology import topology

    settings = load_settings()
    follow = _follow_json if as_json else _follow_table
    with suppress(KeyboardInterrupt):
        asyncio.run(follow(settings, asked(topology(settings), stream, scope, window, unit)))


async def _follow_json(settings: "Settings", to_show: "Asked") -> None:
    from app.boards import Boards
    from app.topic_reader import follow

    boards = Boards()
    async for record in follow(settings, [to_show.topic]):
        if record is not None and (record.key or b"").startswith(to_show.prefix):
            board = boards.apply(record.key, record.value)
            if board is not None and to_show.test(board):
                json_line(board)


async def _follow_table(settings: "Settings", to_show: "Asked") -> None:
    from zoneinfo import ZoneInfo

    from rich.live import Live

    from app.boards import Boards, newest
    from app.topic_reader import follow
    from app.view import render_all

    boards, zone, dirty = Boards(), ZoneInfo(settings.time_zone), True
    with Live(auto_refresh=False) as live:
        async for record in follow(settings, [to_show.topic]):
            if record is None and dirty:
                live.update(render_all(newest(filter(to_show.test, boards)), zone), refresh=True)
                dirty = False
            elif record is not None and (record.key or b"").startswith(to_show.prefix):
                boards.apply(record.key, record.value)
                dirty = True
